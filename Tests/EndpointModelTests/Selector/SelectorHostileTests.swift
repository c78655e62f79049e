import EndpointModel
import Testing

@Suite("G12: no selector can crash or stall a process")
struct SelectorHostileTests {
    static let depth = 1_000_000

    /// Everything a server does with a selector.
    private func use(_ text: String, matches: Bool) throws {
        let selector = try Selector(parsing: text)
        let again = try Selector(parsing: text)
        #expect(selector == again)
        #expect(selector.hashValue == again.hashValue)
        #expect(selector.matches(["a": "1", "b": "2"]) == matches)
        #expect(selector.uid.utf8.count == 40)
        _ = selector.restrictions
        let settled = selector.withoutDoubleNegation
        #expect(settled.matches(["a": "1", "b": "2"]) == matches)
        #expect(try Selector(parsing: settled.canonical) == settled)
        #expect(try selector.prefixingLabels(with: "p/").withoutDoubleNegation != .all)
    }

    @Test("a million nested parentheses")
    func parentheses() throws {
        let open = String(repeating: "(", count: Self.depth)
        let close = String(repeating: ")", count: Self.depth)
        try use(open + "has(a)" + close, matches: true)
        #expect(try Selector(parsing: open + "has(a)" + close).canonical == "has(a)")
        #expect(throws: SelectorError.self) { try Selector(parsing: open) }
        #expect(throws: SelectorError.self) { try Selector(parsing: open + "has(a)" + close + ")") }
    }

    @Test("a million negations, in a run and nested")
    func negations() throws {
        let run = String(repeating: "! ", count: Self.depth) + "has(a)"
        try use(run, matches: true)
        #expect(try Selector(parsing: run).canonical == "has(a)")
        let nested =
            String(repeating: "!(", count: Self.depth) + "has(a)"
            + String(repeating: ")", count: Self.depth)
        try use(nested, matches: true)
        #expect(try Selector(parsing: nested).canonical.utf8.count == Self.depth + 6)
    }

    @Test("half a million alternating levels of and, or and not")
    func alternation() throws {
        let levels = Self.depth / 2
        let left =
            String(repeating: "!(", count: levels) + "has(a)"
            + (0..<levels).map { $0.isMultiple(of: 2) ? " && has(b))" : " || has(c))" }.joined()
        _ = try Selector(parsing: left).canonical
        try use(left, matches: Self.reference(levels: levels))
        let right =
            (0..<levels).map { $0.isMultiple(of: 2) ? "has(b) && (" : "has(c) || (" }.joined()
            + "has(a)" + String(repeating: ")", count: levels)
        try use(right, matches: true)
    }

    /// The value of the left-nested text above for a and b present, c absent.
    private static func reference(levels: Int) -> Bool {
        var value = true
        for _ in 0..<levels { value = !value }
        return value
    }

    @Test("a hundred thousand terms on one level")
    func width() throws {
        let terms = (0..<100_000).map { "x\($0) == \"1\"" }
        try use(terms.joined(separator: "||"), matches: false)
        try use((terms + ["has(a)"]).joined(separator: "||"), matches: true)
        try use(terms.joined(separator: "&&"), matches: false)
    }

    @Test("a set of a hundred thousand members is found in by halves")
    func set() throws {
        let members = (0..<100_000).map { "\"v\($0 * 7919 % 100_000)\"" }.joined(separator: ",")
        let selector = try Selector(parsing: "a in {\(members)}")
        #expect(try Selector(parsing: selector.canonical) == selector)
        for value in [0, 1, 9, 10, 99_999, 50_000] {
            #expect(selector.matches(["a": "v\(value)"]))
        }
        for value in ["v100000", "", "v", "w", "v-1"] { #expect(!selector.matches(["a": value])) }
        let negated = try Selector(parsing: "a not in {\(members)}")
        #expect(negated.matches(["a": "w"]))
        #expect(!negated.matches(["a": "v77"]))
        #expect(negated.matches([:]))
    }

    @Test("hints of nested sets do not cost the product of their sizes")
    func hints() throws {
        let members = (0..<50_000).map { "\"v\($0)\"" }.joined(separator: ",")
        let levels = 50_000
        let text =
            String(repeating: "(", count: levels) + "a in {\(members)}"
            + (0..<levels).map { " || a == \"w\($0)\")" }.joined()
        let hint = try #require(try Selector(parsing: text).restrictions["a"])
        #expect(hint.oneOf?.count == 100_000)
        let narrowed =
            String(repeating: "(", count: levels) + "a in {\(members)}"
            + (0..<levels).map { " && has(x\($0)))" }.joined()
        #expect(try Selector(parsing: narrowed).restrictions.count == levels + 1)
    }

    @Test("a long value is searched in linear time")
    func search() throws {
        let half = String(repeating: "a", count: 400_000)
        let selector = try Selector(parsing: "a contains \"\(half)b\"")
        #expect(!selector.matches(["a": half + half]))
        #expect(selector.matches(["a": half + half + "ab"]))
        #expect(try Selector(parsing: "a contains \"b\"").matches(["a": half + "b"]))
    }

    @Test("text of a megabyte that is no selector is refused at once")
    func garbage() throws {
        for piece in ["(", "!", "{", "\"", "a", "a in {", "has(", "&&", "a == \"", "\u{0}", "é "] {
            let text = String(repeating: piece, count: Self.depth / piece.utf8.count)
            #expect(throws: SelectorError.self) { try Selector(parsing: text) }
        }
    }
}
