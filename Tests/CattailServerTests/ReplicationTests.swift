import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Replication")
    struct Replication {
        @Test(
            "G4, G6: a follower catches up from empty while writes go on; all digests are equal")
        func catchesUp() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let client = leader.client()
            try await write(0..<3_000, to: client)
            async let writing: Void = write(3_000..<6_000, to: client)
            let follower = try await TestNode.follower(
                in: folder.path("follower"), of: leader.address)
            let near = await Agent.start(leader.address)
            let far = await Agent.start(follower.address)
            try await writing
            try await expectAgreement(leader, [follower], [near, far], head: 6_001)
            await near.close()
            await far.close()
            await client.close()
            try await follower.stop()
            try await leader.stop()
        }

        @Test("G4: a follower that was away goes on from half, and its log is the leader's")
        func fromHalf() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let client = leader.client()
            try await write(0..<500, to: client)
            var follower = try await TestNode.follower(
                in: folder.path("follower"), of: leader.address)
            _ = try await follower.status("half") { $0.seq == 501 }
            try await follower.stop()
            try await write(500..<1_000, to: client)
            follower = try await TestNode.follower(in: folder.path("follower"), of: leader.address)
            #expect(follower.readyLine.contains("role=follower"))
            #expect(follower.readyLine.hasSuffix("seq=501"))
            try await expectAgreement(leader, [follower], [], head: 1_001)
            let (own, theirs) = (try await Truth(of: follower), try await Truth(of: leader))
            #expect(own.records.map(\.bytes) == theirs.records.map(\.bytes))
            await client.close()
            try await follower.stop()
            try await leader.stop()
        }

        @Test("G4, G6: a follower of a follower has the same log, state and positions")
        func tree() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let middle = try await TestNode.follower(in: folder.path("middle"), of: leader.address)
            let leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            let agent = await Agent.start(leaf.address)
            let client = leader.client()
            try await write(0..<300, to: client)
            for number in 0..<50 { try await client.delete(Sample.key(number)) }
            try await expectAgreement(leader, [middle, leaf], [agent], head: 351)
            await agent.close()
            await client.close()
            try await leaf.stop()
            try await middle.stop()
            try await leader.stop()
        }

        @Test(
            "A follower whose leader is away serves on and says since when; then it is in touch again"
        )
        func stale() async throws {
            let folder = try TemporaryFolder()
            var leader = try await TestNode.leader(in: folder.path("leader"))
            let address = leader.address
            let client = leader.client()
            try await write(0..<10, to: client)
            let middle = try await TestNode.follower(in: folder.path("middle"), of: address)
            let leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            let agent = await Agent.start(leaf.address)
            try await agent.until(seq: Seq(11))
            await client.close()
            try await leader.stop()

            try await agent.until("stale") { $0.staleness.last?.map { _ in true } == true }
            #expect(try await middle.status().staleSince != nil)
            #expect(try await leaf.status("stale") { $0.staleSince != nil }.seq == 11)
            // One that comes now is served, and told.
            let late = await Agent.start(leaf.address)
            try await late.until("told that it is stale") {
                !$0.inSyncs.isEmpty && $0.staleness.last?.map { _ in true } == true
            }
            #expect(await late.held.count == 10)

            leader = try await TestNode.leader(in: folder.path("leader"), port: address.port)
            try await agent.until("in touch again") { $0.staleness.last == .some(nil) }
            _ = try await leaf.status("in touch") { $0.staleSince == nil }
            let again = leader.client()
            try await again.apply(Sample.endpoint(77))
            try await agent.until(seq: Seq(12))
            await again.close()
            await agent.close()
            await late.close()
            try await leaf.stop()
            try await middle.stop()
            try await leader.stop()
        }

        @Test("G4: a follower whose history is another says what it holds and what stands there")
        func otherHistory() async throws {
            let folder = try TemporaryFolder()
            var leader = try await TestNode.leader(in: folder.path("leader"))
            let port = leader.address.port
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            _ = try await follower.status("has the first event") { $0.seq == 1 }
            try await leader.stop()
            let old = try folder.copy(folder.path("leader"), as: "old")
            leader = try await TestNode.leader(in: folder.path("leader"), port: port)
            var client = leader.client()
            try await client.apply(Sample.endpoint(1))
            let held = try await follower.status("has the second") { $0.seq == 2 }
            #expect(held.historyOther == nil)
            await client.close()
            try await leader.stop()

            // The leader's directory is put back, as no operator should.
            leader = try await TestNode.leader(in: old, port: port)
            let behind = try await follower.status("ahead of its leader") {
                $0.historyOther != nil
            }
            #expect(behind.historyOther?.contains(held.chain) == true)
            #expect(behind.historyOther?.contains("ends at seq 1") == true)
            client = leader.client()
            try await client.apply(Sample.endpoint(2))
            let there = try await leader.status()
            let parted = try await follower.status("beside its leader") {
                $0.historyOther?.contains(there.chain) == true
            }
            #expect(parted.historyOther?.contains("at or before seq 2") == true)
            #expect(parted.historyOther?.contains(held.chain) == true)
            #expect(parted.seq == 2 && parted.staleSince != nil)
            await client.close()
            try await follower.stop()
            try await leader.stop()
        }

        @Test("G4: a follower of another log ends and names both logs")
        func wrongLog() async throws {
            let folder = try TemporaryFolder()
            let one = try await TestNode.leader(in: folder.path("one"))
            let other = try await TestNode.leader(in: folder.path("other"))
            let follower = try await TestNode.follower(in: folder.path("f"), of: one.address)
            _ = try await follower.status("has an event") { $0.seq == 1 }
            try await follower.stop()
            let (oneID, otherID) = (try await one.status().logID, try await other.status().logID)
            let lost = try await TestNode.follower(in: folder.path("f"), of: other.address)
            do {
                try await within(20, "the follower's end") { try await lost.ended() }
                Issue.record("it went on")
            } catch {
                let text = "\(error)"
                #expect(text.hasPrefix("wrong-log"))
                #expect(text.contains(oneID) && text.contains(otherID), "\(text)")
            }
            try await one.stop()
            try await other.stop()
        }

        @Test("A write to a follower goes to the leader by itself")
        func redirected() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let middle = try await TestNode.follower(in: folder.path("middle"), of: leader.address)
            let leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            let client = leaf.client()
            #expect(try await client.apply(Sample.endpoint(1)).seq == Seq(2))
            _ = try await leaf.status("has it") { $0.seq == 2 }
            #expect(try await client.get(Sample.key(1)) != nil)
            await client.close()
            try await leaf.stop()
            try await middle.stop()
            try await leader.stop()
        }

        @Test(
            "G11: a request ID is known to whoever replicates it: a restart of the follower keeps it"
        )
        func followerKeepsRequests() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let client = leader.client()
            var request = MutationRequest(.create, Sample.endpoint(1))
            request.requestID = "kept"
            try await client.perform(request)
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            _ = try await follower.status("has it") { $0.seq == 2 }
            await client.close()
            try await leader.stop()
            try await follower.stop()
            // What promotion will do, by hand: the follower's files lead.
            try FileManager.default.removeItem(at: folder.url("f/node-id"))
            let risen = try await TestNode.leader(in: folder.path("f"))
            let again = risen.client()
            #expect(try await again.perform(request).seq == Seq(2))
            #expect(try await risen.status().seq == 2)
            await again.close()
            try await risen.stop()
        }
    }
}

extension Agent {
    /// What servers said of their freshness: since when stale, or nil for in touch.
    var staleness: [Timestamp?] {
        statuses.compactMap { if case .stale(let since) = $0 { .some(since) } else { nil } }
    }
}

/// Applies endpoints of these numbers.
func write(_ numbers: Range<Int>, to client: EndpointClient) async throws {
    let requests = numbers.map { number in
        MutationRequest(.apply, Sample.endpoint(number, labels: ["n": "\(number % 10)"]))
    }
    try await client.submit(requests) { result in if let error = result.error { throw error } }
}

/// Leader, followers and agents hold what the log says, each by its own reckoning (G4–G6).
func expectAgreement(
    _ leader: TestNode, _ followers: [TestNode], _ agents: [Agent], head: UInt64,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let truth = try await Truth(of: leader)
    #expect(truth.head == Seq(head), sourceLocation: sourceLocation)
    let digest = try truth.digest()
    let chain = try await leader.status().chain
    for node in [leader] + followers {
        let status = try await node.status("at seq \(head)") { $0.seq == head }
        #expect(status.views.digest == digest.description, sourceLocation: sourceLocation)
        #expect(status.chain == chain, sourceLocation: sourceLocation)
    }
    for agent in agents {
        try await agent.until(seq: Seq(head))
        #expect(await agent.held.digest == digest, sourceLocation: sourceLocation)
        #expect(await agent.mark?.digest == digest, sourceLocation: sourceLocation)
        #expect(await agent.differences == 0, sourceLocation: sourceLocation)
    }
}
