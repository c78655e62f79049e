import CattailTestKit
import EndpointDocuments
import EndpointModel
import Testing

@Suite("bench against a leader")
struct BenchCommandTests {
    static func filled() async throws -> (NodeChild, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("data"))
        let outcome = try await leader.run(["bench", "bulk", "--count", "200"])
        #expect(outcome.code == 0)
        return (leader, folder)
    }

    @Test(
        "each delivery is counted once, by agents here and in other processes",
        arguments: [("bytes", "0"), ("cache", "0"), ("bytes", "2"), ("decode", "2")])
    func deliveries(kind: String, processes: String) async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await leader.run([
            "bench", "agents", "--agents", "5", "--kind", kind, "--processes", processes,
            "--count", "30", "--lockstep", "--cluster", "200", "--endpoints", "10",
        ])
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let line = try #require(try outcome.json().first)
        #expect(line["deliveries"]?.text == "150")
        #expect(line["holding"]?.text == "5")
        #expect(line["mergedShare"]?.text.flatMap { Double($0) } == 0)
        #expect(line["disconnects"]?.text == "0")
        #expect((line["latencyMs"]?["p50"] != nil) == (kind != "bytes"))
    }

    @Test("an agent of one node is sent what happens there and nothing else")
    func byNode() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        // 200 endpoints are on two nodes; 30 of the first node's are changed.
        let outcome = try await leader.run([
            "bench", "agents", "--agents", "3", "--kind", "bytes", "--by-node", "--count", "30",
            "--rate", "300", "--cluster", "200", "--endpoints", "30", "--written-nodes", "1",
            "--patience", "1",
        ])
        let line = try #require(try outcome.json().first)
        // Agents 0 and 2 are of the first node.
        #expect(line["deliveries"]?.text == "60")
    }

    @Test("agents that stopped reading and slow ones hold, once released, what the others do (G6)")
    func released() async throws {
        let (leader, folder) = try await Self.filled()
        defer { withExtendedLifetime(folder) {} }
        let status = try await leader.run(["status", "-o", "json"]).json()
        let seq = try #require(status.first?["seq"]?.text)
        let outcome = try await leader.run(
            ["bench", "subscribers", "--agents", "6", "--stopped", "2", "--slow", "2"],
            input: "begin\nholding \(seq)\nrelease\nhold \(seq) 20\ndigests\n")
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let lines = try outcome.json()
        try #require(lines.count == 6)
        #expect(lines[0]["resyncs"]?["snapshot"]?.text == "6")
        #expect(lines[4]["holding"]?.text == "6")
        #expect(
            lines[5]["digests"]?.elements.map(\.text) == [status.first?["views"]?["digest"]?.text])
    }
}
