import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("validate")
struct ValidateCommandTests {
    @Test("a good document counts, with exit 0 and nothing on standard error")
    func goodDocument() async throws {
        let outcome = try await cattail("validate", "-f", "-", input: Sample.endpoint())
        #expect(outcome.code == 0)
        #expect(outcome.output == "Successfully validated 1 'WorkloadEndpoint' resource(s)\n")
        #expect(outcome.errors.isEmpty)
    }

    @Test("every fault is one line with its field, its document and its line, and exit 1")
    func everyFault() async throws {
        let bad = """
            apiVersion: projectcalico.org/v3
            kind: WorkloadEndpoint
            metadata: {name: wrong}
            spec: {orchestrator: k8s, node: node1, pod: p, endpoint: e, mac: nonsense,
              ports: [{name: http, protocol: TCP, port: 70000}]}
            """
        let input = Sample.endpoint() + "\n---\n" + bad
        let outcome = try await cattail("validate", "-f", "-", input: input)
        #expect(outcome.code == 1)
        #expect(
            outcome.output
                == "Partial success: validated 1 out of 2 'WorkloadEndpoint' resources\n")
        let fields = ["metadata.name", "spec.interfaceName", "spec.mac", "spec.ports[0].port"]
        #expect(outcome.errorLines.count == fields.count)
        for (line, field) in zip(outcome.errorLines.sorted(), fields.sorted()) {
            #expect(line.hasPrefix("error: invalid: \(field): "), "\(line)")
            #expect(line.contains("-, document 2, line "), "\(line)")
        }
    }

    @Test("-o json prints a compact line a document with exactly valid, name and errors")
    func jsonLines() async throws {
        let input = Sample.endpoint() + "\n" + #"{"kind":"Pod"}"# + "\nnot: [closed"
        let outcome = try await cattail("validate", "-o", "json", "-f", "-", input: input)
        #expect(outcome.code == 1)
        let lines = try outcome.json()
        try #require(lines.count == 3)
        for line in lines { #expect(line.keys == ["valid", "name", "errors"]) }
        #expect(
            lines[0]
                == .object([
                    .init("valid", .bool(true)), .init("name", .string(Sample.name)),
                    .init("errors", .array([])),
                ]))
        #expect(lines[1]["valid"] == .bool(false))
        #expect(lines[1]["errors"]?.elements.first?.keys == ["field", "reason"])
        #expect(lines[2]["valid"] == .bool(false))
        #expect(outcome.errors.isEmpty)
    }

    @Test("a repeated key with the same value is a warning, with another value an error")
    func repeatedKeys() async throws {
        let same = Sample.endpoint().replacing(#""node":"#, with: #""node":"node1","node":"#)
        let warned = try await cattail("validate", "-f", "-", input: same)
        #expect(warned.code == 0)
        #expect(warned.errorLines.count == 1)
        #expect(warned.errors.hasPrefix("warning: duplicate-key: spec.node: "))
        let other = Sample.endpoint().replacing(#""node":"#, with: #""node":"node2","node":"#)
        let refused = try await cattail("validate", "-f", "-", input: other)
        #expect(refused.code == 1)
        #expect(refused.errors.hasPrefix("error: duplicate-key: "))
    }

    @Test("an empty input is an error unless --skip-empty says otherwise")
    func emptyInput() async throws {
        let refused = try await cattail("validate", "-f", "-")
        #expect(refused.code == 1)
        #expect(refused.errors.hasPrefix("error: no-documents: "))
        let skipped = try await cattail("validate", "-f", "-", "--skip-empty")
        #expect(skipped.code == 0)
        #expect(skipped.output == "No resources specified\n")
    }

    @Test("a directory gives its .json, .yaml and .yml files, and with -R those below it")
    func directories() async throws {
        let folder = try TemporaryFolder()
        for name in ["b.json", "a.yaml", "c.yml", "ignored.txt", "deep/d.json"] {
            try folder.write(Sample.endpoint(pod: String(name.prefix(1))), to: name)
        }
        let flat = try await cattail("validate", "-f", folder.path, "-o", "json")
        #expect(
            try flat.json().map { $0["name"]?.text }
                == ["a", "b", "c"].map {
                    Sample.name(pod: $0)
                })
        let deep = try await cattail("validate", "-R", "-f", folder.path, "-o", "json")
        #expect(try deep.json().count == 4)
    }

    @Test("our vectors of whole documents get their verdict and name through the command line")
    func vectors() async throws {
        let vectors = try Sample.vectors("EndpointDocumentsTests/Vectors/wep-validation.json")
            .filter { vector in
                let stage = vector["stage"]?.text ?? ""
                return vector["kind"]?.text == "wep" && vector["op"]?.text != "update"
                    && stage != "namespace" && stage != "resourceVersion"
            }
        try #require(vectors.count > 20)
        let input = vectors.map { $0["doc"]?.compactJSON ?? "" }.joined(separator: "\n")
        let outcome = try await cattail("validate", "-o", "json", "-f", "-", input: input)
        let lines = try outcome.json()
        try #require(lines.count == vectors.count)
        for (line, vector) in zip(lines, vectors) {
            let comment = Comment(rawValue: vector["id"]?.text ?? "")
            #expect(line["valid"] == vector["valid"], comment)
            if let name = vector["name"] { #expect(line["name"] == name, comment) }
        }
    }

    @Test("ten thousand documents in one list are read in flat memory")
    func longList() async throws {
        let items = (0..<10_000).map { Sample.endpoint(pod: "p\($0)") }
        let list =
            #"{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpointList","items":["#
            + items.joined(separator: ",") + "]}"
        let outcome = try await cattail("validate", "-f", "-", input: list)
        #expect(outcome.output == "Successfully validated 10000 'WorkloadEndpoint' resource(s)\n")
    }

    @Test("what cannot be read is told with its cause and with what to do")
    func unreadable() async throws {
        // No process may read its memory from the beginning.
        let outcome = try await cattail("validate", "-f", "/proc/self/mem")
        #expect(outcome.code == 1)
        #expect(
            outcome.errors == "error: file-unreadable: /proc/self/mem: Input/output error, "
                + "look at its rights and at the disk\n")
    }
}
