import EndpointDocuments
import EndpointModel
import Testing

struct JSONReaderTests {
    private func failure(_ text: String) -> DocumentSyntaxError? { failure(Array(text.utf8)) }

    private func failure(_ bytes: [UInt8]) -> DocumentSyntaxError? {
        do {
            _ = try JSONReader.read(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("every kind of value is read, members in their order, numbers as typed")
    func kinds() throws {
        let text =
            #" {"z":[1,-0,1e3,1.50,12345678901234567890123456],"a":{"b":null},"c":true,"d":""} "#
        let expected = DocumentValue.object([
            .init(
                "z",
                .array([
                    .number("1"), .number("-0"), .number("1e3"), .number("1.50"),
                    .number("12345678901234567890123456"),
                ])),
            .init("a", .object([.init("b", .null)])),
            .init("c", .bool(true)),
            .init("d", .string("")),
        ])
        #expect(try JSONReader.read(text) == expected)
        #expect(try JSONReader.read("7") == .number("7"))
        #expect(try JSONReader.read("false") == .bool(false))
    }

    @Test("escapes are decoded, surrogate pairs joined")
    func escapes() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00é€😀\u0000""#
        let expected = "\"\\/\u{8}\u{C}\n\r\tAé€😀é€😀\u{0}"
        #expect(try JSONReader.read(text) == .string(expected))
    }

    @Test(
        "what is not strict JSON is refused with its place",
        arguments: [
            ("", 1, 1), ("  ", 1, 3), ("{", 1, 2), ("[1,]", 1, 4), ("[1 2]", 1, 4),
            ("{\"a\":1,}", 1, 8),
            ("{a:1}", 1, 2), ("{'a':1}", 1, 2), ("{\"a\" 1}", 1, 6), ("{\"a\":}", 1, 6),
            ("nul", 1, 1),
            ("nulll", 1, 5), ("True", 1, 1), ("01", 1, 1), ("-", 1, 2), ("+1", 1, 1), ("1.", 1, 3),
            (".5", 1, 1), ("1e", 1, 3), ("0x10", 1, 2), ("NaN", 1, 1), ("1 2", 1, 3),
            ("\"a\nb\"", 1, 3),
            ("\"\\x\"", 1, 2), ("\"\\u12\"", 1, 6), ("\"\\u123", 1, 7), ("\"\\", 1, 3),
            ("\"abc", 1, 5),
            ("\"\\ud800\"", 1, 2), ("\"\\ud800\\u0041\"", 1, 2), ("\"\\udc00\"", 1, 2),
            ("\u{FEFF}{}", 1, 1),
            ("// x\n1", 1, 1), ("[1,\n2,\n  é", 3, 3), ("{\"a\":1\n\"b\":2}", 2, 1),
            ("\"\u{0}\"", 1, 2),
        ] as [(String, Int, Int)])
    func refused(text: String, line: Int, column: Int) throws {
        let fault = try #require(failure(text))
        #expect(fault.line == line)
        #expect(fault.column == column)
        #expect(fault.code == .syntax || fault.code == .truncated)
        #expect(!fault.message.isEmpty && !fault.remedy.isEmpty)
    }

    @Test("an error names the JSON path of the value around it")
    func path() throws {
        let fault = try #require(failure(#"{"spec":{"ports":[{},{"port":x}]}}"#))
        #expect(fault.path == "spec.ports[1].port")
        let label = try #require(failure(#"{"metadata":{"labels":{"a.b/c":tru}}}"#))
        #expect(label.path == "metadata.labels[a.b/c]")
    }

    @Test("a key repeated with the same value is a warning with its path, and is kept once")
    func repeatedKey() throws {
        let text = "{\"spec\":[{\"endpoint\":\"eth0\",\n\"pod\":\"p\", \"endpoint\":\"eth0\"}]}"
        let read = try JSONReader.readWithWarnings(Array(text.utf8))
        #expect(read.warnings.map(\.path) == ["spec[0].endpoint"])
        #expect(read.warnings.map(\.line) == [2])
        let members: [DocumentValue.Member] = [
            .init("endpoint", .string("eth0")), .init("pod", .string("p")),
        ]
        #expect(read.value["spec"] == .array([.object(members)]))
    }

    @Test("a key repeated with another value is an error naming path and line")
    func contradictedKey() throws {
        let fault = try #require(failure("{\"spec\":{\"pod\":\"a\",\n\"pod\":\"b\"}}"))
        #expect(fault.code == .duplicateKey)
        #expect(fault.path == "spec.pod")
        #expect(fault.line == 2)
    }

    @Test("a repeated key is seen in objects of any size")
    func repeatedKeyInLargeObjects() throws {
        for count in [1, 15, 16, 17, 40, 5000] {
            let members = (0..<count).map { "\"k\($0)\":\($0)" }
            let same = members + ["\"k0\":0"]
            let read = try JSONReader.readWithWarnings(
                Array("{\(same.joined(separator: ","))}".utf8))
            #expect(read.warnings.count == 1)
            let other = members + ["\"k\(count - 1)\":\"x\""]
            #expect(failure("{\(other.joined(separator: ","))}")?.code == .duplicateKey)
        }
    }

    @Test("G12: a document of nothing but repeated keys costs no square, and few warnings")
    func manyRepeatedKeys() throws {
        let json = "{" + String(repeating: "\"a\":1,", count: 140_000) + "\"a\":1}"
        let read = try JSONReader.readWithWarnings(Array(json.utf8))
        #expect(read.warnings.count == DocumentWarning.most)
        let yaml = String(repeating: "a: 1\n", count: 200_000)
        #expect(try YAMLReader.read(yaml)?.warnings.count == DocumentWarning.most)
    }

    @Test("G12: nesting is bounded by a coded error, whatever its depth")
    func depth() throws {
        let fine = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try JSONReader.read(fine) != .null)
        for count in [129, 1000, 1_000_000] {
            #expect(failure(String(repeating: "[", count: count))?.code == .tooDeep)
        }
        let objects = String(repeating: "{\"a\":", count: 100_000)
        #expect(failure(objects)?.code == .tooDeep)
        #expect(failure(objects)?.byteOffset == 128 * 5)
    }

    @Test("G12: a document over the limit is refused before it is read")
    func size() throws {
        let text = "\"" + String(repeating: "a", count: (1 << 20) - 2) + "\""
        #expect(throws: Never.self) { try JSONReader.read(text) }
        #expect(failure(text + " ")?.code == .tooLarge)
    }

    @Test("G12: bytes that are not UTF-8 are refused with their place")
    func invalidUTF8() throws {
        for bad: [UInt8] in [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80],
        ] {
            let fault = try #require(failure(Array("{\n\"a\":\"".utf8) + bad + Array("\"}".utf8)))
            #expect(fault.code == .invalidUTF8)
            #expect(fault.line == 2)
            #expect(fault.column == 6)
            #expect(fault.byteOffset == 7)
        }
    }

    @Test("G12: no truncation and no changed byte of a document traps")
    func mutations() {
        let text = #"{"a":[1,-2.5e+3,{"b":"x\u00e9\ud83d\ude00\n"}],"c":null,"d":true,"é":"€"}"#
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count { #expect(failure(Array(bytes[..<length])) != nil) }
        for index in bytes.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = bytes
                changed[index] = byte
                _ = failure(changed)
            }
        }
    }
}
