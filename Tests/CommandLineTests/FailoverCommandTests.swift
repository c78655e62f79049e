import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Glibc
import Testing

@Suite("Failover, with real processes")
struct FailoverCommandTests {
    private static let pods = 0..<12

    private static func documents(_ numbers: Range<Int>) -> String {
        numbers.map { Sample.endpoint(pod: "p\($0)") + "\n" }.joined()
    }

    /// Asks until the answer is as wanted: for what nobody announces.
    private static func ask(
        _ node: NodeChild, _ arguments: [String], until isWanted: (DocumentValue) -> Bool
    ) async throws -> DocumentValue {
        for _ in 0..<200 {
            let run = try await node.run(arguments + ["-o", "json"])
            if run.code == 0, let value = try run.json().first, isWanted(value) { return value }
        }
        throw Unwanted(description: "\(arguments) never became as wanted")
    }

    private struct Unwanted: Error, CustomStringConvertible { let description: String }

    private static func isSettled(_ members: DocumentValue, voters: Int) -> Bool {
        members["unsettledSince"] == .null
            && members["members"]?.elements.filter { $0["standing"]?.text == "member" }.count
                == voters
    }

    @Test(
        "the leader is killed, a voter is promoted, the old leader comes back: no acknowledged event is lost, its tail is in the side file (G10)"
    )
    func story() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"), ["--min-acks", "1"])
        var voters: [NodeChild] = []
        for index in 0..<2 {
            let voter = try await NodeChild.follower(
                data: folder.path("f\(index)"), upstream: leader.listen)
            voters.append(voter)
            let added = try await leader.run(["members", "add", voter.listen])
            #expect(added.code == 0, "\(added.errors)")
            _ = try await Self.ask(leader, ["members"]) { Self.isSettled($0, voters: index + 1) }
        }
        let written = try await leader.run(
            ["apply", "-o", "json", "-f", "-"], input: Self.documents(Self.pods))
        #expect(written.code == 0, "\(written.errors)")
        let acknowledged = try written.json().compactMap { $0["key"]?.text }
        #expect(acknowledged.count == Self.pods.count)

        // Nobody else has what follows: stored, and said not to be acknowledged.
        for voter in voters { try await voter.kill() }
        let tail = try await leader.run(["apply", "-f", "-"], input: Self.documents(100..<103))
        #expect(tail.code == 1)
        #expect(tail.errors.contains("error: acks-missing: stored at seq "))
        try await leader.kill()

        for index in voters.indices {
            voters[index] = try await NodeChild.follower(
                data: folder.path("f\(index)"), upstream: leader.listen,
                listen: voters[index].listen)
        }
        // Whoever has less than the other is refused.
        var promoted: NodeChild?
        for voter in voters where promoted == nil {
            let run = try await voter.run(["promote"])
            if run.code == 0 {
                promoted = voter
            } else {
                #expect(run.errors.contains("error: promotion-refused: "), "\(run.errors)")
            }
        }
        let new = try #require(promoted)
        let more = try await new.run(["apply", "-f", "-"], input: Self.documents(200..<202))
        #expect(more.code == 0, "\(more.errors)")

        let old = try await NodeChild.follower(
            data: folder.path("l"), upstream: new.listen, listen: leader.listen)
        #expect(old.role == "follower")
        let head = try await new.run(["status", "-o", "json"]).json().first
        let back = try await Self.ask(old, ["status"]) { status in
            status["chain"] == head?["chain"]
        }
        #expect(back["orphaned"]?.elements.count == 1)
        let orphaned = try await old.run(["log", "--orphaned", "-o", "json"]).json()
        #expect(orphaned.filter { $0["kind"]?.text == "put" }.count == 3)
        for node in [new, old] {
            let list = try JSONReader.read(try await node.run(["get", "wep", "-o", "json"]).output)
            let names = Set(
                list["items"]?.elements.compactMap { $0["metadata"]?["name"]?.text } ?? [])
            #expect(names.count == Self.pods.count + 2)
            #expect(acknowledged.allSatisfy { names.contains($0.replacing("default/", with: "")) })
            #expect(try await node.run(["verify"]).output.hasPrefix("ok: "))
        }
        // The files say the same when nobody runs.
        try await old.stop()
        let offline = try await cattail(
            "log", "--orphaned", "--data", folder.path("l"), "-o", "json")
        #expect(try offline.json() == orphaned)
        let table = try await new.run(["members"])
        #expect(table.output.contains("ADDRESS"))
        #expect(table.output.contains("leader \(new.listen), epoch "))
    }
}
