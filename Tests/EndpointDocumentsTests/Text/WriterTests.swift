import EndpointDocuments
import EndpointModel
import Testing

struct WriterTests {
    private let sample = DocumentValue.object([
        .init("kind", .string("WorkloadEndpoint")),
        .init("empty", .object([])),
        .init("none", .array([])),
        .init(
            "list", .array([.number("1"), .object([.init("b", .null), .init("a", .bool(true))])])),
        .init("text", .string("a<b>&\u{2028}\"\\\n\u{1}é")),
    ])

    @Test("indented JSON is what Go's MarshalIndent prints")
    func prettyJSON() {
        let expected = #"""
            {
              "kind": "WorkloadEndpoint",
              "empty": {},
              "none": [],
              "list": [
                1,
                {
                  "b": null,
                  "a": true
                }
              ],
              "text": "a\u003cb\u003e\u0026\u2028\"\\\n\u0001é"
            }
            """#
        #expect(sample.prettyJSON == expected)
        #expect(DocumentValue.array([.null]).prettyJSON(level: 1) == "[\n    null\n  ]")
    }

    @Test("YAML is block style, sorted at each level, sequences at their key's column")
    func yaml() {
        let expected = #"""
            empty: {}
            kind: WorkloadEndpoint
            list:
            - 1
            - a: true
              b: null
            none: []
            text: "a<b>&\u2028\"\\\n\x01é"

            """#
        #expect(sample.yaml == expected)
    }

    @Test(
        "a string is quoted in YAML as the Go library quotes it",
        arguments: [
            ("plain", "plain"), ("", "\"\""), ("true", "\"true\""), ("no", "\"no\""),
            ("y", "\"y\""),
            ("null", "\"null\""), ("~", "\"~\""), ("42", "\"42\""), ("-1", "\"-1\""),
            ("007", "\"007\""),
            ("0x1F", "\"0x1F\""), ("1e3", "\"1e3\""), (".5", "\".5\""), ("1_000", "\"1_000\""),
            (".inf", "\".inf\""), ("1337495556942031415926535", "\"1337495556942031415926535\""),
            ("2018-03-23T19:06:10Z", "\"2018-03-23T19:06:10Z\""), ("2026-11-23", "\"2026-11-23\""),
            ("12:34:56:12:34:56", "\"12:34:56:12:34:56\""),
            ("ca:fe:1d:52:bb:e9", "ca:fe:1d:52:bb:e9"),
            ("192.168.0.0/32", "192.168.0.0/32"), ("10.28.0.7", "10.28.0.7"),
            ("fd5f::8/128", "fd5f::8/128"),
            ("a: b", "'a: b'"), ("a:", "'a:'"), ("a #b", "'a #b'"), ("a#b", "a#b"), ("#a", "'#a'"),
            ("- a", "'- a'"), ("-a", "-a"), ("---", "'---'"), ("*a", "'*a'"), ("it's", "it's"),
            ("'a", "'''a'"),
            ("{a}", "'{a}'"), (" a", "' a'"), ("a ", "'a '"), ("@a", "'@a'"), ("a\tb", "\"a\\tb\""),
            ("a,b", "a,b"), ("::", "'::'"), ("\u{0}", "\"\\0\""), ("\u{FEFF}x", "\"\\uFEFFx\""),
        ])
    func quoting(string: String, expected: String) throws {
        #expect(DocumentValue.string(string).yaml == expected + "\n")
        #expect(try YAMLReader.read("k: \(expected)")?.value["k"] == .string(string))
    }

    @Test("several lines are a literal block with the chomping that keeps them exact")
    func literals() throws {
        let value = DocumentValue.object([
            .init("a", .string("x\n  y\n\nz\n")), .init("b", .string("x\ny")),
            .init("c", .array([.string("x\n\n")])), .init("d", .string(" x\ny")),
        ])
        let expected = """
            a: |
              x
                y

              z
            b: |-
              x
              y
            c:
            - |+
              x

            d: " x\\ny"

            """
        #expect(value.yaml == expected)
        #expect(try YAMLReader.read(value.yaml)?.value == value)
    }

    @Test("keys are in natural order: letters last, digit runs by their number")
    func keyOrder() {
        let keys = ["b", "a10", "a2", "a", "a/b", "a.b", "ab", "B", "1", "a02"]
        let value = DocumentValue.object(keys.map { .init($0, .null) })
        let printed = value.yaml.split(separator: "\n").map { $0.split(separator: ":")[0] }
        #expect(printed == ["\"1\"", "B", "a", "a.b", "a/b", "a2", "a02", "a10", "ab", "b"])
    }

    @Test("what the writers print, the readers read back, over seeded random trees")
    func roundTrips() throws {
        for seed in UInt64(0)..<3000 {
            var random = RandomTree(seed: seed)
            let value = random.value()
            #expect(try JSONReader.read(value.prettyJSON) == value, "seed \(seed)")
            let yaml = value.yaml
            do {
                let read = try YAMLReader.read(yaml)
                #expect(read?.warnings.isEmpty ?? true)
                #expect((read?.value ?? .null).sorted == value.sorted, "seed \(seed): \(yaml)")
            } catch {
                Issue.record("seed \(seed): \(error)\n\(yaml)")
            }
        }
    }

    @Test("a key too long for a simple key still reads back")
    func longKeys() throws {
        let key = String(repeating: "k", count: 5000)
        let value = DocumentValue.object([
            .init(key, .object([.init(key + "2", .array([.null])), .init("z", .string("s"))]))
        ])
        #expect(try YAMLReader.read(value.yaml)?.value == value)
    }
}
