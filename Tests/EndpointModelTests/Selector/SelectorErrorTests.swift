import EndpointModel
import Testing

@Suite("A text that is no selector is refused with the place and the remedy")
struct SelectorErrorTests {
    struct Refusal: CustomTestStringConvertible {
        var text: String
        var gist: SelectorError.Gist
        var position: Int
        var offending: String
        var testDescription: String { text }

        init(_ text: String, _ gist: SelectorError.Gist, at position: Int, _ offending: String) {
            self.text = text
            self.gist = gist
            self.position = position
            self.offending = offending
        }
    }

    static let refusals: [Refusal] = [
        Refusal("a == \"b", .unterminatedString, at: 5, "\"b"),
        Refusal("'b", .unterminatedString, at: 0, "'b"),
        Refusal("a = \"b\"", .expectedEquals, at: 2, "= \"b\""),
        Refusal("has(a) & has(b)", .expectedAnd, at: 7, "& has(b)"),
        Refusal("has(a) |", .expectedOr, at: 7, "|"),
        Refusal("has(a) && %", .expectedIdentifier, at: 10, "%"),
        Refusal("\nall()", .expectedIdentifier, at: 0, "\nall()"),
        Refusal("has()", .expectedIdentifier, at: 4, ")"),
        Refusal("has(a", .unclosedCall("has"), at: 5, ""),
        Refusal("all( x)", .unclosedCall("all"), at: 5, "x)"),
        Refusal("global(", .unclosedCall("global"), at: 7, ""),
        Refusal("a inx {\"b\"}", .expectedOperator(label: "a"), at: 2, "inx {\"b\"}"),
        Refusal("global ()", .expectedOperator(label: "global"), at: 7, "()"),
        Refusal("a.b ", .unexpectedEnd(label: "a.b"), at: 4, ""),
        Refusal("a == b", .expectedString, at: 5, "b"),
        Refusal("a not  in (\"b\")", .expectedSet, at: 10, "(\"b\")"),
        Refusal("a in {\"b\" \"c\"}", .expectedClosingBrace, at: 10, "\"c\"}"),
        Refusal("a in {,}", .expectedClosingBrace, at: 6, ",}"),
        Refusal("(has(a)", .expectedClosingParenthesis, at: 7, ""),
        Refusal("()", .unexpectedToken, at: 1, ")"),
        Refusal("!", .unexpectedToken, at: 1, ""),
        Refusal("has(a))", .trailingContent, at: 6, ")"),
        Refusal("has(a) has(b)", .trailingContent, at: 7, "has(b)"),
        Refusal(
            "has(\(String(repeating: "x", count: 513)))", .labelTooLong, at: 4,
            String(repeating: "x", count: 40)),
        Refusal(
            "a ü\(String(repeating: "é", count: 30))", .expectedOperator(label: "a"), at: 2,
            "ü\(String(repeating: "é", count: 19))"),
    ]

    @Test("each fault is named at its byte", arguments: refusals)
    func place(_ refusal: Refusal) throws {
        let error = try #require(throws: SelectorError.self) {
            try Selector(parsing: refusal.text)
        }
        #expect(error.gist == refusal.gist)
        #expect(error.position == refusal.position)
        #expect(error.offending == refusal.offending)
    }

    @Test("the message says what, where and what to write instead")
    func message() throws {
        let error = try #require(throws: SelectorError.self) {
            try Selector(parsing: "role == frontend")
        }
        #expect(
            error.description == "expected string at byte 8, near `frontend`; "
                + "write the value in \" or ' quotes")
        let end = try #require(throws: SelectorError.self) { try Selector(parsing: "role") }
        #expect(end.description.hasPrefix("unexpected end looking for op after label \"role\" at"))
    }

    @Test("a message is one line, whatever the text held")
    func oneLine() throws {
        let error = try #require(throws: SelectorError.self) {
            try Selector(parsing: "has(a)\n\u{1B}[2J")
        }
        #expect(error.description.contains(#"near `\n\u{1B}[2J`"#), "\(error)")
    }

    @Test("a prefix that makes a name no label is refused")
    func prefix() throws {
        let selector = try Selector(parsing: "a == \"b\"")
        #expect(throws: SelectorError.self) { try selector.prefixingLabels(with: "x y") }
        #expect(throws: SelectorError.self) { try selector.prefixingLabels(with: "x) || has(") }
        let long = String(repeating: "x", count: 512)
        #expect(throws: SelectorError.self) { try selector.prefixingLabels(with: long) }
        #expect(try selector.prefixingLabels(with: "x/").canonical == "x/a == \"b\"")
    }
}
