import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("get against a leader")
struct GetCommandTests {
    @Test("tables have calicoctl's layout, with the namespace where it was spoken of")
    func tables() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        let plain = try await leader.run(["get", "wep"])
        #expect(
            plain.output == """
                WORKLOAD   NODE    NETWORKS         INTERFACE     \n\
                a          node1   192.168.0.0/32   cali0ef24ba   \n\
                b          node1   192.168.0.0/32   cali0ef24ba   \n\n
                """)
        let all = try await leader.run(["get", "weps", "-A", "-o", "custom-columns=NAMESPACE,NAME"])
        #expect(
            all.lines.dropFirst().prefix(3).map { $0.split(separator: " ").map(String.init) } == [
                ["app", Sample.name(pod: "z")], ["default", Sample.name(pod: "a")],
                ["default", Sample.name(pod: "b")],
            ])
        let unknown = try await leader.run(["get", "wep", "-o", "custom-columns=NAME,BOGUS"])
        #expect(unknown.errors.contains("unknown heading BOGUS, valid values are: NAME, NAMESPACE"))
    }

    @Test("a list is a WorkloadEndpointList of none or one too; names give the object or an array")
    func shapes() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        for (namespace, count) in [("nowhere", 0), ("app", 1), ("default", 2)] {
            for format in ["json", "yaml"] {
                let read = try await leader.run(["get", "wep", "-n", namespace, "-o", format])
                let list =
                    format == "json"
                    ? try JSONReader.read(read.output)
                    : try #require(try YAMLReader.read(read.output)?.value)
                #expect(list["kind"]?.text == "WorkloadEndpointList")
                #expect(list["metadata"]?["resourceVersion"]?.text == "4")
                #expect(list["items"]?.elements.count == count)
            }
        }
        let a = Sample.name(pod: "a")
        let b = Sample.name(pod: "b")
        let one = try JSONReader.read(try await leader.run(["get", "wep", a, "-o", "json"]).output)
        #expect(one["metadata"]?["name"]?.text == a)
        let two = try JSONReader.read(
            try await leader.run(["get", "wep", b, a, "-o", "json"]).output)
        #expect(two.elements.map { $0["metadata"]?["name"]?.text } == [b, a])
    }

    @Test("with some names missing the found ones print, then the errors; exit 1")
    func missingNames() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await leader.run(
            ["get", "wep", "nope", Sample.name(pod: "a"), "-o", "name"])
        #expect(outcome.code == 1)
        #expect(outcome.output == "workloadendpoint/\(Sample.name(pod: "a"))\n")
        #expect(
            outcome.errors.hasPrefix(
                "error: not-found: resource does not exist: WorkloadEndpoint(default/nope)"))
    }

    @Test("selector and node choose; what get prints applies as unchanged")
    func selections() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        let labelled = try await leader.run(
            ["get", "wep", "-A", "-o", "name", "--selector", #"app == "special""#])
        #expect(labelled.lines == ["workloadendpoint/app/\(Sample.name(pod: "z"))"])
        let ofOne = try await leader.run(["get", "wep", "-n", "app", "-o", "name"])
        #expect(ofOne.lines == ["workloadendpoint/\(Sample.name(pod: "z"))"])
        let none = try await leader.run(["get", "wep", "-A", "-o", "name", "--node", "other"])
        #expect(none.output.isEmpty && none.code == 0)
        let list = try await leader.run(["get", "wep", "-A", "-o", "yaml"])
        let again = try await leader.run(["apply", "-o", "json", "-f", "-"], input: list.output)
        #expect(
            try again.json().map { $0["result"]?.text } == Array(repeating: "unchanged", count: 3))
        let bad = try await leader.run(["get", "wep", "--selector", "a =", "-o", "json"])
        #expect(bad.code == 1)
        #expect(try bad.errorJSON().first?["code"]?.text == "selector-invalid")
    }

    static func filled() async throws -> (NodeChild, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let documents = [
            Sample.endpoint(pod: "b"), Sample.endpoint(pod: "a"),
            Sample.endpoint(pod: "z", namespace: "app", labels: ["app": "special"]),
        ]
        let applied = try await leader.run(
            ["apply", "-f", "-"], input: documents.joined(separator: "\n"))
        #expect(applied.code == 0, "\(applied.errors)")
        return (leader, folder)
    }
}
