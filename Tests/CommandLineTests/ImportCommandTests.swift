import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

@Suite("import against a leader")
struct ImportCommandTests {
    private static let foreign = """
        {"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpointList",\
        "metadata":{"resourceVersion":"900"},"items":[\
        {"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{\
        "name":"n-k8s-p-eth0","namespace":"default","resourceVersion":"812",\
        "uid":"4a5c1b6e-0000-4000-8000-000000000001","creationTimestamp":"2020-01-02T03:04:05Z"},\
        "spec":{"orchestrator":"k8s","node":"n","pod":"p","endpoint":"eth0",\
        "interfaceName":"much-too-long-for-an-interface","newField":{"x":1}}}]}
        """

    @Test("foreign version, uid and time are kept as origin, rule breaks flagged, nothing refused")
    func origin() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let outcome = try await leader.run(["import", "-f", "-"], input: Self.foreign)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let event = try #require(
            try await leader.run(["log", "-o", "json", "--from", "2"]).json().first)
        let origin = try #require(event["origin"])
        #expect(origin["resourceVersion"]?.text == "812")
        #expect(origin["uid"]?.text == "4a5c1b6e-0000-4000-8000-000000000001")
        #expect(origin["creationTimestamp"]?.text == "2020-01-02T03:04:05Z")
        #expect(
            origin["faults"]?.elements.contains {
                $0.text?.hasPrefix("spec.interfaceName: ") == true
            } == true)
        #expect(event["endpoint"]?["spec"]?["newField"]?["x"]?.text == "1")
        let again = try await leader.run(["import", "-o", "json", "-f", "-"], input: Self.foreign)
        #expect(try again.json().first?["result"]?.text == "unchanged")
    }

    @Test("an etcd dump is imported with its entries' revisions")
    func etcd() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let key = "/calico/resources/v3/projectcalico.org/workloadendpoints/web/n-k8s-p-eth0"
        let value = Sample.endpoint(pod: "p", node: "n", namespace: "web")
        let dump = """
            {"header":{"revision":77},"kvs":[{"key":"\(Data(key.utf8).base64EncodedString())",\
            "create_revision":5,"mod_revision":42,"version":3,\
            "value":"\(Data(value.utf8).base64EncodedString())"}],"count":1}
            """
        let outcome = try await leader.run(["import", "-f", "-"], input: dump)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let event = try await leader.run(["log", "-o", "json", "--from", "2"]).json().first
        #expect(event?["origin"]?["resourceVersion"]?.text == "42")
        #expect(event?["key"]?.text == "web/n-k8s-p-eth0")
    }

    @Test("--prune deletes what the input lacks, more than a tenth only with --yes")
    func prune() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let documents = (0..<20).map { Sample.endpoint(pod: "p\($0)") }
        try await leader.run(["apply", "-f", "-"], input: documents.joined(separator: "\n"))
        let some = documents.dropFirst(5).joined(separator: "\n")
        let refused = try await leader.run(["import", "--prune", "-f", "-"], input: some)
        #expect(refused.code == 1 && refused.errors.contains("error: prune-refused: 5 of 20"))
        let broken = try await leader.run(
            ["import", "--prune", "--yes", "-f", "-"], input: some + "\n{broken")
        #expect(broken.code == 1 && broken.errors.contains("error: prune-refused: "))
        let told = try await leader.run(["import", "--prune", "--yes", "-f", "-"], input: some)
        #expect(told.code == 0, "\(told.errors)")
        #expect(told.lines.last == "Successfully pruned 5 'WorkloadEndpoint' resource(s)")
        let fewer = documents.dropFirst(6).joined(separator: "\n")
        let free = try await leader.run(["import", "--prune", "-f", "-"], input: fewer)
        #expect(free.code == 0)
        let left = try await leader.run(["get", "wep", "-o", "name"])
        #expect(left.lines.count == 14)
    }

    @Test("an etcd entry is what its key says: another value is flagged, a foreign key refused")
    func etcdKeys() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let prefix = "/calico/resources/v3/projectcalico.org/workloadendpoints/"
        let value = Sample.endpoint(pod: "p", node: "n", namespace: "other")
        let entries = [prefix + "web/n-k8s-p-eth0", "/somebody/else/web/n-k8s-p-eth0"].map { key in
            """
            {"key":"\(Data(key.utf8).base64EncodedString())","mod_revision":42,\
            "value":"\(Data(value.utf8).base64EncodedString())"}
            """
        }
        let dump = #"{"header":{"revision":77},"kvs":[\#(entries.joined(separator: ","))]}"#
        let outcome = try await leader.run(["import", "-o", "json", "-f", "-"], input: dump)
        #expect(outcome.code == 1)
        #expect(try outcome.json().map { $0["key"]?.text } == ["web/n-k8s-p-eth0"])
        let told = try outcome.errorJSON()
        #expect(told.map { $0["code"]?.text } == ["invalid", "key-foreign"])
        #expect(told.last?["item"]?.text == "2")
        let event = try await leader.run(["log", "-o", "json", "--from", "2"]).json().first
        #expect(
            event?["origin"]?["faults"]?.elements.map(\.text) == [
                "metadata.namespace: the value says other, the entry's key web"
            ])
    }
}
