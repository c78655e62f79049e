import EndpointDocuments
import EndpointModel
import Foundation
import Testing

struct YAMLReaderTests {
    private func failure(_ text: String) -> DocumentSyntaxError? { failure(Array(text.utf8)) }

    private func failure(_ bytes: [UInt8]) -> DocumentSyntaxError? {
        do {
            _ = try YAMLReader.read(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "plain scalars are resolved as the Go library does, numbers keep their literal",
        arguments: [
            ("true", .bool(true)), ("Yes", .bool(true)), ("on", .bool(true)), ("y", .bool(true)),
            ("off", .bool(false)), ("N", .bool(false)), ("~", .null), ("Null", .null), ("", .null),
            ("1234", .number("1234")), ("-0", .number("-0")), ("1.50", .number("1.50")),
            ("1337495556942031415926535", .number("1337495556942031415926535")),
            ("1e3", .number("1e3")),
            ("007", .string("007")), ("0x1F", .string("0x1F")), ("1_000", .string("1_000")),
            (".5", .string(".5")), ("+1", .string("+1")), (".inf", .string(".inf")),
            ("2018-03-23T19:06:10Z", .string("2018-03-23T19:06:10Z")), ("tRue", .string("tRue")),
            ("\"true\"", .string("true")), ("'42'", .string("42")), ("!!str 42", .string("42")),
            ("ca:fe:1d:52:bb:e9", .string("ca:fe:1d:52:bb:e9")), ("10.0.0.1", .string("10.0.0.1")),
            ("\"a\\0b\"", .string("a\u{0}b")),
            ("[a, {b: 1}]", .array([.string("a"), .object([.init("b", .number("1"))])])),
        ] as [(String, DocumentValue)])
    func scalars(text: String, expected: DocumentValue) throws {
        #expect(try YAMLReader.read("k: \(text)\n")?.value["k"] == expected)
    }

    @Test("a text without a document reads as none")
    func empty() throws {
        for text in ["", "\n \n", "# only a comment\n", "---\n", "---\n...\n"] {
            #expect(try YAMLReader.read(text) == nil)
        }
        #expect(try YAMLReader.read("---\n~\n")?.value == .null)
    }

    @Test("a key repeated with the same value is a warning with path and line")
    func repeatedKey() throws {
        let text = "spec:\n  list:\n  - pod: p\n    endpoint: eth0\n    pod: p\n"
        let read = try #require(try YAMLReader.read(text))
        #expect(read.warnings.map(\.path) == ["spec.list[0].pod"])
        #expect(read.warnings.map(\.line) == [5])
        #expect(
            read.value["spec"]?["list"]
                == .array([
                    .object([.init("pod", .string("p")), .init("endpoint", .string("eth0"))])
                ]))
    }

    @Test("a key repeated with another value is an error with path and line")
    func contradictedKey() throws {
        let fault = try #require(failure("spec:\n  pod: a\n  \"pod\": b\n"))
        #expect(fault.code == .duplicateKey)
        #expect(fault.path == "spec.pod")
        #expect(fault.line == 3)
    }

    @Test(
        "what has no place in a resource document is refused with its line",
        arguments: [
            ("a: &x {b: 1}\nc:\n  <<: *x\n", .unsupported, 3), ("? [a]\n: b\n", .unsupported, 1),
            ("true: b\n", .unsupported, 1), ("~: b\n", .unsupported, 1),
            ("a: !!binary aGk=\n", .unsupported, 1),
            ("a: !mine b\n", .unsupported, 1), ("a: !mine [b]\n", .unsupported, 1),
            ("a: *nobody\n", .syntax, 1),
            ("a: b\n\tc: d\n", .syntax, 2), ("a:\n\t- b\n", .syntax, 2),
            ("a: b\n c: d\n", .syntax, 2),
            ("a: [b\n", .syntax, 2), ("a: \"b\n", .syntax, 2),
            ("a: b\n---\nc: d\n", .wrongShape, 2),
            ("a: &x [*x]\n", .syntax, 1), ("a: \u{1}\n", .syntax, 1), ("a: b\u{0}c\n", .syntax, 1),
            ("a: %b\n", .syntax, 1), ("a: @b\n", .syntax, 1), ("&a *b : c\n", .unsupported, 1),
        ] as [(String, DocumentSyntaxError.Code, Int)])
    func refused(text: String, code: DocumentSyntaxError.Code, line: Int) throws {
        let fault = try #require(failure(text))
        #expect(fault.code == code, "\(fault)")
        #expect(fault.line == line, "\(fault)")
        #expect(!fault.message.isEmpty && !fault.remedy.isEmpty)
    }

    @Test("a bare number as key keeps its digits")
    func numberKeys() throws {
        #expect(try YAMLReader.read("007: a\n8: b\n")?.value["8"] == .string("b"))
    }

    @Test("an alias is what its anchor is")
    func aliases() throws {
        let read = try YAMLReader.read("a: &x\n  b: [1]\nc: *x\nd: &s text\ne: *s\n")
        let inner = DocumentValue.object([.init("b", .array([.number("1")]))])
        #expect(read?.value["c"] == inner)
        #expect(read?.value["e"] == .string("text"))
    }

    @Test("G12: aliases that multiply are refused before they cost memory")
    func aliasBombs() {
        var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<30 {
            let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            bomb += "a\(level): &a\(level) [\(inner)]\n"
        }
        #expect(failure(bomb)?.code == .aliasExpansion)
        let long = String(repeating: "x", count: 100_000)
        let repeated = "a: &a \(long)\nb:\n" + String(repeating: "- *a\n", count: 1000)
        #expect(failure(repeated)?.code == .aliasExpansion)
    }

    @Test("G12: depth is bounded however it is written, aliases included")
    func depth() {
        #expect(failure(String(repeating: "[", count: 500_000))?.code == .tooDeep)
        #expect(failure(String(repeating: "- ", count: 200_000))?.code == .tooDeep)
        #expect(failure(String(repeating: "{a: ", count: 200_000))?.code == .tooDeep)
        let fine = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(failure(fine) == nil)
        var chain = "a0: &a0 [x]\n"
        for level in 1..<200 { chain += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(failure(chain)?.code == .tooDeep)
    }

    @Test("G12: no truncation and no changed byte of a document traps")
    func mutations() {
        let text = "a: &x [1, 'é', \"\\u00e9\"]\nb:\n- c: |\n    t\n  d: *x\n? e\n: !!str f # g\n"
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count { _ = failure(Array(bytes[..<length])) }
        for index in bytes.indices {
            for byte in stride(from: UInt8.min, to: UInt8.max, by: 1) {
                var changed = bytes
                changed[index] = byte
                _ = failure(changed)
            }
        }
    }

    @Test("G12: bytes that are not UTF-8 are refused with their place")
    func invalidUTF8() throws {
        let fault = try #require(failure(Array("a: b\nc: ".utf8) + [0xFF, 0x0A]))
        #expect(fault.code == .invalidUTF8)
        #expect(fault.line == 2)
        #expect(fault.column == 4)
    }

    @Test("a place counts characters as an editor does, behind multi-byte text")
    func places() throws {
        let fault = try #require(failure("é: \"😀\"\nk: é *x: @\nk2: *y\n"))
        #expect(fault.line == 2 || fault.line == 3)
        let repeated = try #require(failure("é: {😀: 1, 😀: 2}\n"))
        #expect(repeated.line == 1)
        #expect(repeated.column == 11)
        #expect(repeated.byteOffset == 14)
    }
}
