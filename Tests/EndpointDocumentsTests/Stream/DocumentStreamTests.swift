import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

struct DocumentStreamTests {
    static let cases: [(String, [String])] = [
        // JSON
        ("{\"n\":1}", ["1@1 1"]),
        (
            "{\"n\":1}\n{\"n\":2}\n\n  {\"n\":3}{\"n\":4} {\"n\":5}",
            ["1@1 1", "2@2 2", "3@4 3", "4@4 4", "5@4 5"]
        ),
        ("[{\"n\":1},\n{\"n\":2}]\n{\"n\":3}", ["1.0@1 1", "1.1@2 2", "2@3 3"]),
        ("[]", []), ("[ ]{\"n\":1}", ["2@1 1"]),
        (
            "[1, \"a,]\\\"\", true, [1,2], null]",
            ["1.0@1 1", "1.1@1 a,]\\", "1.2@1 true", "1.3@1 1", "1.3@1 2", "1.4@1 null"]
        ),
        (
            "{\"kind\":\"List\",\"items\":[{\"n\":1},{\"n\":2}],\"metadata\":{}}",
            ["1.0@1 1", "1.1@1 2"]
        ),
        (
            "{\"items\":[{\"n\":1}],\"kind\":\"WorkloadEndpointList\"} {\"n\":2}",
            ["1.0@1 1", "2@1 2"]
        ),
        ("{\"kind\":\"List\",\"items\":[]}", []), ("{\"kind\":\"List\"}", []),
        ("{\"kind\":\"List\",\"items\":null}", []),
        ("{\"kind\":\"X\",\"items\":[{\"n\":1}],\"n\":7}", ["1@1 7"]),
        ("{\"metadata\":{\"items\":[{\"n\":1}]},\"n\":7}", ["1@1 7"]),
        ("{\"items\":[{\"n\":1}]}", ["1.0@1 1", "1@1 !wrong-shape"]),
        ("{\"items\":[{\"n\":1}],\"kind\":\"X\"}", ["1.0@1 1", "1@1 !wrong-shape"]),
        // Broken JSON
        ("{\"n\":1,}\n{\"n\":2}", ["1@1 !syntax", "2@2 2"]),
        ("{\"n\":\n{\"n\":2}", ["1@1 !truncated"]),
        ("{\"n\":1\n{\"n\":2}\n{\"n\":3}", ["1@1 !truncated", "2@2 2", "3@3 3"]),
        ("{\"n\":\"1\n{\"n\":2}\n", ["1@1 !syntax", "2@2 2"]),
        ("{\"n\":1}}\n{\"n\":2}\n", ["1@1 1", "2@1 !syntax", "3@2 2"]),
        ("{\"n\":1} x y\n{\"n\":2}\n", ["1@1 1", "2@1 !syntax", "3@2 2"]),
        ("{\"n\":1\n---\n{\"n\":2}\n", ["1@1 !truncated", "2@3 2"]),
        ("[{\"n\":1}\n---\nn: 2\n", ["1.0@1 1", "1.1@2 !truncated", "2@3 2"]),
        ("{\"n\":1}]\n---\nn: 2\n", ["1@1 1", "2@1 !syntax", "3@3 2"]),
        ("[{\"n\":1},{\"n\":x},{\"n\":3}]", ["1.0@1 1", "1.1@1 !syntax", "1.2@1 3"]),
        (
            "[{\"n\":1} {\"n\":2},,{\"n\":3},]",
            ["1.0@1 1", "1.1@1 !syntax", "1.1@1 2", "1.2@1 !syntax", "1.2@1 3", "1.3@1 !syntax"]
        ),
        (
            "[\n  {\"n\":\"1\n  },\n  {\"n\":2}\n]\n{\"n\":3}",
            ["1.0@2 !syntax", "1.1@4 2", "2@6 3"]
        ),
        ("[\n  {\"n\":1\n  {\"n\":2}\n]\n{\"n\":3}", ["1.0@2 !truncated", "1.1@3 2", "2@5 3"]),
        ("[{\"n\":1},", ["1.0@1 1", "1.1@1 !truncated"]), ("[{\"n\":1", ["1.0@1 !truncated"]),
        ("[\n-1,\n-", ["1.0@2 -1", "1.1@3 !truncated", "1.2@3 !truncated"]),
        ("[7", ["1.0@1 7", "1.1@1 !truncated"]),
        ("{\"kind\":\"List\",\"items\":[{\"n\":1}],", ["1.0@1 1", "1@1 !truncated"]),
        // YAML
        ("n: 1\n", ["1@1 1"]), ("n: 1", ["1@1 1"]),
        ("---\nn: 1\n---\nn: 2\n...\n---\n", ["1@2 1", "2@4 2"]),
        ("# c\n\n%YAML 1.2\n---\nn: 1\n--- # c\n  n: 2\n--- \"n\"\n", ["1@5 1", "2@7 2", "3@8 n"]),
        ("n: 1\n---\nn: [\n---\nn: 3\n", ["1@1 1", "2@3 !syntax", "3@5 3"]),
        ("\u{FEFF}n: 1\n", ["1@1 1"]), ("\u{FEFF}{\"n\":1}", ["1@1 1"]),
        ("n: 1\r\n---\r\nn: 2\r\n", ["1@1 1", "2@3 2"]),
        ("t: |\n  ---\n  {\nn: 1\n", ["1@1 1"]),
        ("--- {\"n\":1}\n---  [{\"n\":2}]\n---\n{\"n\":3}", ["1@1 1", "2.0@2 2", "3@4 3"]),
        ("n: 1\n{\"n\":2}\nn: 3\n", ["1@1 1", "2@2 2", "3@3 3"]),
        ("rubbish\n{\"n\":2}\n", ["1@1 rubbish", "2@2 2"]),
        ("- n: 1\n- n: 2\n", ["1.0@1 1", "1.1@2 2"]),
        ("-\n  n: 1\n- \n- [a]\n", ["1.0@1 1", "1.1@3 null", "1.2@4 a"]),
        (
            "kind: List\nitems:\n- n: 1\n  t: |\n    - x\n\n    y\n# c\n- n: 2\n",
            ["1.0@3 1", "1.1@9 2"]
        ),
        (
            "items:\n  # c\n\n  - n: 1\n  - n: 2\nkind: WorkloadEndpointList\nmetadata: {}\n---\nn: 3\n",
            ["1.0@4 1", "1.1@5 2", "2@9 3"]
        ),
        ("items: []\nkind: List\n", []), ("items:\nkind: List\n", []),
        ("kind: List\nitems: [{n: 1}]\n", ["1.0@1 1"]),
        ("kind: List\nitems:\n- n: 1\n- n: [\n- n: 3\n", ["1.0@3 1", "1.1@4 !syntax", "1.2@5 3"]),
        ("kind: List\nitems:\n- &a\n  n: 1\n- *a\n", ["1.0@1 1", "1.1@1 1"]),
        ("kind: X\nitems:\n- n: 1\nn: 7\n", ["1@1 7"]), ("items:\n- n: 1\nn: 7\n", ["1@1 7"]),
        ("- n: 1\nn: 2\n", ["1.0@1 1", "1@2 !syntax"]),
        // Nothing
        ("", []), ("\n  \n# c\n---\n...\n", []),
    ]

    @Test(
        "documents are found in every notation, and a bad one costs only itself", arguments: cases)
    func documents(text: String, expected: [String]) {
        #expect(summary(readStream(text)) == expected, "\(readStream(text))")
    }

    @Test("how the input is cut into feeds makes no difference", arguments: cases)
    func fragmentation(text: String, expected: [String]) {
        let whole = readStream(text)
        for size in 1...7 { #expect(readStream(text, feeding: size) == whole) }
    }

    @Test("a fault's place is that of the whole source, and names path and item")
    func places() throws {
        let text = "n: 1\n---\nspec:\n  pod: a\n  pod: b\n"
        guard case .failure(let fault)? = readStream(text).last else { return #expect(Bool(false)) }
        #expect(fault.error.line == 5 && fault.error.column == 3 && fault.error.byteOffset == 26)
        #expect(
            fault.description
                == "duplicate-key: the key is given twice, with different values, in f, document 2, "
                + "line 5, column 3, spec.pod; remove one of the two")
        let list = "{\"kind\":\"List\",\n\"items\":[ {}, {\"é\":1,\"spec\":{\"pod\":}}]}"
        guard case .failure(let inList)? = readStream(list).last else {
            return #expect(Bool(false))
        }
        #expect(
            inList.error.line == 2 && inList.error.column == 36 && inList.error.path == "spec.pod")
        #expect(inList.position.item == 1)
    }

    @Test("warnings of a document have places of the whole source")
    func warnings() throws {
        let results =
            readStream("---\na: 1\n---\n\nb: 1\nb: 1\n") + readStream("[\n{\"a\":1,\n\"a\":1}]")
        let lines = try results.map { try $0.get().warnings.map(\.line) }
        #expect(lines == [[], [6], [3]])
    }

    @Test("an empty input can be told from one without good documents")
    func emptiness() {
        for (text, expected) in [
            ("", true), (" \n# c\n---\n", true), ("n: 1", false), ("}", false), ("[]", false),
        ] {
            var stream = DocumentStream(source: "f")
            _ = stream.feed(Array(text.utf8))
            _ = stream.finish()
            #expect(stream.isEmpty == expected)
        }
    }

    @Test("G12: a document over the limit is one error; the others are read")
    func oversize() {
        var limits = DocumentLimits.standard
        limits.documentBytes = 100
        let long = String(repeating: "x", count: 200)
        let expectations: [(String, [String])] = [
            ("{\"n\":1}\n{\"n\":\"\(long)\"}\n{\"n\":3}", ["1@1 1", "2@2 !too-large", "3@3 3"]),
            (
                "[{\"n\":1},{\"n\":\"\(long)\"},{\"n\":3}]",
                ["1.0@1 1", "1.1@1 !too-large", "1.2@1 3"]
            ),
            (
                "n: 1\n---\nn: \(long)\nm: \(long)\n---\nn: 3\n",
                ["1@1 1", "2@3 !too-large", "3@6 3"]
            ),
            ("# \(long)\n\(long)\n{\"n\":3}", ["1@2 !too-large", "2@3 3"]),
            (
                "kind: List\nitems:\n- n: 1\n- n: \(long)\n- n: 3\nmetadata: {}\n---\nn: 4\n",
                ["1.0@3 1", "1.1@4 !too-large", "1.2@5 3", "2@8 4"]
            ),
        ]
        for (text, expected) in expectations {
            #expect(summary(readStream(text, limits: limits)) == expected)
            #expect(summary(readStream(text, feeding: 3, limits: limits)) == expected)
        }
    }

    @Test("G12: lists far beyond the limit come out item by item")
    func longLists() {
        var limits = DocumentLimits.standard
        limits.documentBytes = 300
        let count = 1000
        let expected = (0..<count).map(String.init)
        func numbers(_ results: [DocumentResult]) -> [String] {
            results.map { (try? $0.get().value["n"]?.compactJSON) ?? "\($0)" }
        }
        func joined(_ separator: String, _ each: (Int) -> String) -> String {
            (0..<count).map(each).joined(separator: separator)
        }
        let short = joined("") { "- n: \($0)\n  m: x\n" }
        let long = joined("") { "  - m: |\n      - a\n    n: \($0)\n" }
        let texts: [String] = [
            joined("\n") { "{\"n\":\($0)}" },
            "[\(joined(",\n") { "{\"n\":\($0)}" })]",
            "{\"kind\":\"List\",\"items\":[\(joined(",") { "{\"n\":\($0)}" })]}",
            "items:\n\(short)kind: List\nmetadata: {}\n",
            "kind: List\nitems:\n\(long)",
            joined("") { "- n: \($0)\n" },
            joined("") { "---\nn: \($0)\n" },
        ]
        for text in texts {
            #expect(numbers(readStream(text, limits: limits)) == expected)
            #expect(numbers(readStream(text, feeding: 17, limits: limits)) == expected)
        }
    }

    @Test("items come out while the list is still being fed")
    func streaming() {
        var stream = DocumentStream(source: "f")
        #expect(stream.feed(Array("{\"kind\":\"List\",\"items\":[{\"n\":1}".utf8)).count == 1)
        #expect(stream.feed(Array(",{\"n\":2".utf8)).isEmpty)
        #expect(stream.feed(Array("}".utf8)).count == 1)
    }

    @Test("G12: binary data is one clear error")
    func binary() {
        let binary = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(summary(readStream(binary)).last?.hasSuffix("!not-text") == true)
        #expect(readStream(binary).count == 1 || readStream(binary).count == 2)
        #expect(summary(readStream([0x7F, 0x45, 0x4C, 0x46, 0, 0, 0])) == ["1@1 !not-text"])
        #expect(
            summary(readStream(Array("n: 1\n---\nn: \u{0}\n---\nn: 3".utf8))) == [
                "1@1 1", "2@3 !not-text",
            ])
    }

    @Test("G12: a zero byte or bad UTF-8 far into the input costs only its document")
    func lateZero() {
        let head = (0..<2000).map { "{\"n\":\($0)}\n" }.joined()
        for bad: [UInt8] in [[0], [0xFF]] {
            var bytes = Array(head.utf8)
            bytes += Array("{\"n\":\"".utf8)
            bytes += bad
            bytes += Array("\"}\n{\"n\":2}".utf8)
            let results = readStream(bytes)
            #expect(results.count == 2002)
            #expect(results.filter { (try? $0.get()) == nil }.count == 1)
        }
    }

    @Test("G12: random bytes of the alphabets of JSON and YAML never trap, however they are fed")
    func randomBytes() {
        let alphabet = Array("{}[]\",:-\n\n \\#|&*'a1.%?\t\r\u{FEFF}é".utf8) + [0xFF]
        let words = [
            "items:\n", "- ", "\n---\n", "kind: List\n", "\"items\":[", "{\"kind\":\"List\",",
            "\n{", "  {",
        ]
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var limits = DocumentLimits.standard
        limits.documentBytes = 64
        for round in 0..<3000 {
            var bytes: [UInt8] = []
            for _ in 0..<next(60) {
                if next(4) == 0 {
                    bytes += Array(words[next(words.count)].utf8)
                } else {
                    bytes.append(alphabet[next(alphabet.count)])
                }
            }
            let bounds = round % 2 == 0 ? limits : .standard
            let whole = readStream(bytes, limits: bounds)
            #expect(readStream(bytes, feeding: 1, limits: bounds) == whole)
            #expect(readStream(bytes, feeding: 5, dialect: .documents, limits: bounds) == whole)
        }
    }

    @Test("what calicoctl's own tests and the documentation hold is read")
    func referenceDocuments() throws {
        guard let url = ReferenceVectors.url("documents/docs-sample.yaml") else { return }
        let sample = readStream(Array(try Data(contentsOf: url)))
        let document = try #require(try sample.first?.get())
        #expect(sample.count == 1)
        #expect(document.warnings.map(\.path) == ["spec.endpoint"])
        #expect(document.warnings.map(\.line) == [16])
        #expect(document.value["spec"]?["containerID"] == .number("1337495556942031415926535"))
        let folder = url.deletingLastPathComponent()
        var seen = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where !file.hasSuffix(".md") {
            let results = readStream(
                Array(try Data(contentsOf: folder.appendingPathComponent(file))))
            #expect(
                results.allSatisfy { (try? $0.get().value["kind"]) == .string("WorkloadEndpoint") },
                "\(file)")
            seen += results.count
        }
        #expect(seen >= 12)
    }
}
