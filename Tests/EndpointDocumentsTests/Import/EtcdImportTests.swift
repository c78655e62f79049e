import EndpointDocuments
import EndpointModel
import Foundation
import Testing

struct EtcdImportTests {
    private func entry(_ key: String, _ value: String, revision: Int = 7) -> String {
        func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        return "{\"key\":\"\(base64(key))\",\"create_revision\":3,\"mod_revision\":\(revision),"
            + "\"version\":1,\"value\":\"\(base64(value))\"}"
    }

    private func read(_ text: String, feeding size: Int = .max) -> [DocumentResult] {
        var stream = DocumentStream(source: "dump", dialect: .imports)
        var results: [DocumentResult] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            results += stream.feed(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return results + stream.finish()
    }

    private let prefix = "/calico/resources/v3/projectcalico.org/workloadendpoints/"

    @Test("an etcd dump gives each entry's value as a document, with its key and revision")
    func dump() throws {
        let entries = (0..<50).map {
            entry(
                prefix + "ns/ep\($0)", "{\"kind\":\"WorkloadEndpoint\",\"n\":\($0)}",
                revision: 100 + $0)
        }
        let text =
            "{\"header\":{\"cluster_id\":1,\"revision\":9},\"kvs\":["
            + entries.joined(separator: ",") + "],\"count\":50}\n"
        let documents = try read(text).map { try $0.get() }
        #expect(documents.count == 50)
        #expect(documents[49].etcd?.modRevision == 149)
        #expect(documents[49].etcd?.createRevision == 3)
        #expect(documents[49].etcd?.endpointKey == EndpointKey(namespace: "ns", name: "ep49"))
        #expect(documents[49].value["n"] == .number("49"))
        #expect(documents[49].position.item == 49)
        #expect(read(text, feeding: 1) == read(text))
    }

    @Test("a dump without entries holds no documents and is not empty input")
    func emptyDump() {
        #expect(read("{\"header\":{\"revision\":9}}").isEmpty)
    }

    @Test("a bad entry costs only itself and names its key")
    func badEntries() throws {
        let texts = [
            entry(prefix + "ns/a", "{\"n\":1}"), entry(prefix + "ns/b", "{\"n\":"),
            "{\"key\":\"!\"}",
            "{\"key\":\"YQ==\",\"value\":\"YQ\"}",
            "{\"key\":\"YQ==\",\"value\":\"e30=\",\"mod_revision\":-1}",
            entry(prefix + "ns/c", "{\"n\":3}"),
        ]
        let results = read("{\"header\":{},\"kvs\":[" + texts.joined(separator: ",") + "]}")
        let codes = results.map { result -> String in
            switch result {
            case .success(let document): return document.value["n"]?.compactJSON ?? "?"
            case .failure(let fault): return fault.error.code.rawValue
            }
        }
        #expect(codes == ["1", "truncated", "wrong-shape", "wrong-shape", "wrong-shape", "3"])
        guard case .failure(let fault) = results[1] else { return }
        #expect(fault.description.contains("workloadendpoints/ns/b"))
    }

    @Test("revisions may be strings, and other keys are told from endpoints'")
    func shapes() throws {
        let value = DocumentValue.object([
            .init("key", .string("L2ZvbyE=")), .init("mod_revision", .string("12")),
            .init("value", .string("")),
        ])
        let entry = try EtcdKeyValue(value)
        #expect(entry.origin == .init(key: "/foo!", modRevision: 12))
        #expect(entry.origin.endpointKey == nil)
        #expect(EtcdKeyValue.Origin(key: prefix + "a/b/c").endpointKey == nil)
        #expect(EtcdKeyValue.Origin(key: prefix + "a/").endpointKey == nil)
    }

    @Test("the import dialect still takes lists, arrays and YAML")
    func otherShapes() throws {
        #expect(
            try read("{\"kind\":\"List\",\"items\":[{\"n\":1}]}\n---\nn: 2\n").map {
                try $0.get().value["n"]
            } == [.number("1"), .number("2")])
    }
}
