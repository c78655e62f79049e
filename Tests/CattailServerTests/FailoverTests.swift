import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import Foundation
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Failover")
    struct Failover {
        /// A leader and voting followers, settled.
        struct Cluster {
            let folder: TemporaryFolder
            var leader: TestNode
            var followers: [TestNode] = []

            init(followers count: Int = 2, minAcks: UInt32 = 1) async throws {
                folder = try TemporaryFolder()
                leader = try await TestNode.leader(in: folder.path("l")) { $0.minAcks = minAcks }
                for index in 0..<count {
                    let follower = try await TestNode.follower(
                        in: folder.path("f\(index)"), of: leader.address)
                    followers.append(follower)
                    try await leader.settled(adding: follower.address)
                }
            }

            func stop() async throws {
                for node in followers + [leader] { try await node.stop() }
            }
        }

        static func endpoint(_ number: Int, _ note: String = "") -> WorkloadEndpoint {
            Sample.endpoint(number, annotation: note)
        }

        @Test(
            "G10: a follower is promoted while all are up: nothing is lost, the old leader follows, agents stay where they are"
        )
        func planned() async throws {
            let cluster = try await Cluster()
            let near = await Agent.start(cluster.followers[0].address)
            try await near.untilInSync()
            let client = cluster.leader.client()
            for number in 0..<50 { try await client.apply(Self.endpoint(number)) }
            let promoted = cluster.followers[0]
            try await promoted.operate { _ = try await $0.promote(.no) }
            let old = try await cluster.leader.status("it follows") { $0.role == "follower" }
            #expect(old.orphaned.isEmpty)
            // The client finds the new leader by itself.
            try await client.apply(Self.endpoint(50))
            let head = try await promoted.status().seq
            try await expectAgreement(
                promoted, [cluster.leader, cluster.followers[1]], [near], head: head)
            #expect(await near.inSyncs.count == 1)
            #expect(await near.removals.isEmpty)
            #expect(await near.changes.count == 51)
            #expect(try await promoted.status().epoch == 2)
            await near.close()
            await client.close()
            try await cluster.stop()
        }

        @Test(
            "G10: with too few voters a mutation is answered stored and not acknowledged, and the same request is acknowledged when they have it"
        )
        func acksMissing() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.minAcks = 1
                $0.limits.ackMilliseconds = 50
            }
            let client = leader.client()
            var request = MutationRequest(.apply, Self.endpoint(1))
            request.requestID = "r-1"
            for _ in 0..<2 {
                do throws(ClientError) {
                    try await client.perform(request)
                    Issue.record("it was acknowledged")
                } catch {
                    #expect(error.code.rawValue == "acks-missing")
                    #expect(error.message.hasPrefix("stored at seq 4, not yet on 1 of the voting"))
                }
            }
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            try await leader.settled(adding: follower.address)
            let result = try await client.perform(request)
            guard case .created(Seq(4)) = result.outcome else {
                Issue.record("\(result.outcome)")
                return
            }
            await client.close()
            try await follower.stop()
            try await leader.stop()
        }

        @Test(
            "G10: an unforced promotion without voters or a seal is refused and says why; by force it says what may be lost"
        )
        func refusedAndForced() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l"))
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            let client = leader.client()
            try await client.apply(Self.endpoint(1))
            _ = try await follower.status("caught up") { $0.seq == 2 }
            await client.close()
            try await leader.stop()
            do {
                try await follower.operate { _ = try await $0.promote(.no) }
                Issue.record("it was promoted")
            } catch let error as ClientError {
                #expect(error.code.rawValue == "promotion-refused")
                #expect(error.message.contains("only the leader knows what it acknowledged"))
            }
            #expect(try await follower.status().role == "follower")
            try await follower.operate { client in
                let answer = String(decoding: try await client.promote(.yes), as: UTF8.self)
                #expect(answer.contains("did not seal"))
            }
            let status = try await follower.status()
            #expect(status.role == "leader" && status.epoch == 2 && status.seq == 3)
            try await follower.stop()
        }

        @Test(
            "G7, G10: a deposed leader's tail is kept aside before it leaves the log, and its agents see only the difference"
        )
        func orphanedTail() async throws {
            var cluster = try await Cluster(followers: 1, minAcks: 0)
            let agent = await Agent.start(cluster.leader.address)
            let client = cluster.leader.client()
            for number in 0..<10 { try await client.apply(Self.endpoint(number)) }
            let shared = try await cluster.leader.status().seq
            _ = try await cluster.followers[0].status("caught up") { $0.seq == shared }
            let follower = cluster.followers[0]
            let port = follower.address.port
            try await follower.stop()
            // Nobody else has these.
            try await client.apply(Self.endpoint(3, "orphan"))
            try await client.apply(Self.endpoint(100))
            let own = try await cluster.leader.status().seq
            try await agent.until(seq: Seq(own))
            await client.close()
            let leaderPort = cluster.leader.address.port
            try await cluster.leader.stop()

            let promoted = try await TestNode.follower(
                in: cluster.folder.path("f0"), of: cluster.leader.address, port: port)
            try await promoted.operate { _ = try await $0.promote(.yes) }
            let writer = promoted.client()
            try await writer.apply(Self.endpoint(4, "new"))
            await writer.close()
            let changesBefore = await agent.changes.count
            cluster.leader = try await TestNode.follower(
                in: cluster.folder.path("l"), of: promoted.address, port: leaderPort)
            let head = try await promoted.status().seq
            let back = try await cluster.leader.status("it has the new history") {
                $0.seq == head && $0.epoch == 2 && $0.role == "follower"
            }
            #expect(back.orphaned.map(\.firstSeq) == [shared + 1])
            #expect(back.orphaned.map(\.lastSeq) == [own])
            #expect(back.orphaned.map(\.epoch) == [1])
            try await cluster.leader.operate { client in
                let rows = try await client.orphanedLog().collect().elements
                #expect(rows.map(\.seq.rawValue) == Array((shared + 1)...own))
                #expect(
                    try rows.map { try $0.record.audit().epochNumber }
                        == [UInt64](repeating: 1, count: rows.count))
            }
            try await agent.until(seq: Seq(head))
            try await expectAgreement(promoted, [cluster.leader], [agent], head: head)
            let told = await Set(agent.changes[changesBefore...].map(\.key))
            #expect(told == [Sample.key(3), Sample.key(4), Sample.key(100)])
            #expect(await agent.resyncs.last == .reset)
            await agent.close()
            try await promoted.stop()
            try await cluster.leader.stop()
        }

        @Test("G10: a promise is kept across a restart, and a promoted follower leads across one")
        func durable() async throws {
            var cluster = try await Cluster()
            let voter = cluster.followers[1]
            let head = try await cluster.leader.status().seq
            _ = try await voter.status("caught up") { $0.seq == head }
            // Somebody else asked for a promise, and never came back.
            let asking = try await RawClient(to: voter.address)
            await asking.greet()
            let logID = try #require(LogID(try await voter.status().logID))
            let query = PromiseQuery(
                logID: logID, epoch: Epoch(number: 7, leaderID: 3), candidate: "127.0.0.1:1",
                dryRun: .no)
            await asking.send(ClientMessage.query(Query(ticket: 1, body: .promise(query))))
            var promised: PromiseAnswer?
            while promised == nil, let message = try await asking.next() {
                if case .queryAnswer(let answer) = message, case .promise(let given) = answer.body {
                    promised = given
                }
            }
            #expect(promised?.promised == query.epoch && promised?.head.seq == Seq(head))
            let port = voter.address.port
            try await voter.stop()
            cluster.followers[1] = try await TestNode.follower(
                in: cluster.folder.path("f1"), of: cluster.leader.address, port: port)
            let client = cluster.leader.client()
            try await client.apply(Self.endpoint(1))
            _ = try await cluster.followers[0].status("the other one has it") { $0.seq > head }
            #expect(try await cluster.followers[1].status().seq == head)
            #expect(try await cluster.followers[1].status().promisedEpoch == 7)

            // A promotion goes above it, and everybody follows.
            let first = cluster.followers[0]
            try await first.operate { _ = try await $0.promote(.no) }
            let firstPort = first.address.port
            try await first.stop()
            cluster.followers[0] = try await TestNode.follower(
                in: cluster.folder.path("f0"), of: cluster.leader.address, port: firstPort)
            #expect(cluster.followers[0].readyLine.contains("role=leader"))
            try await client.apply(Self.endpoint(2))
            let now = try await cluster.followers[0].status()
            #expect(now.epoch > 7)
            _ = try await cluster.followers[1].status("it follows") { $0.epoch == now.epoch }
            await client.close()
            try await cluster.stop()
        }

        @Test(
            "G10: a leader that has sealed its log acknowledges nothing more, until it begins an epoch"
        )
        func sealed() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l"))
            let asking = try await RawClient(to: leader.address)
            await asking.greet()
            let logID = try #require(LogID(try await leader.status().logID))
            let query = PromiseQuery(
                logID: logID, epoch: Epoch(number: 2, leaderID: 3), candidate: "127.0.0.1:1",
                dryRun: .no)
            await asking.send(.query(Query(ticket: 1, body: .promise(query))))
            await asking.send(.mutations([Self.mutation(1, ticket: 2)]))
            var seal: LogSeal?
            var code: FailureCode?
            while code == nil, let message = try await asking.next() {
                if case .queryAnswer(let part) = message, case .promise(let given) = part.body {
                    seal = given.seal
                }
                if case .answers(let answers) = message { code = answers.first?.code }
            }
            #expect(seal == .head && code == .unavailable)
            #expect(try await leader.status().seq == 1)
            try await leader.operate { _ = try await $0.promote(.yes) }
            await asking.send(.mutations([Self.mutation(1, ticket: 3)]))
            var outcome: Outcome?
            while outcome == nil, let message = try await asking.next() {
                if case .answers(let answers) = message { outcome = answers.first?.outcome }
            }
            #expect(outcome == .created)
            #expect(try await leader.status().epoch == 3)
            try await leader.stop()
        }

        private static func mutation(_ number: Int, ticket: UInt64) -> Mutation {
            let endpoint = Self.endpoint(number)
            return Mutation(
                ticket: ticket, requestID: "r-\(number)", operation: .apply, key: endpoint.key,
                endpoint: endpoint.encodedEndpoint())
        }

        @Test(
            "G10: a candidate that is an epoch behind finds the leader, and catches up with what that seals"
        )
        func candidateBehind() async throws {
            var cluster = try await Cluster(followers: 1)
            let port = cluster.followers[0].address.port
            try await cluster.followers[0].stop()
            try await cluster.leader.operate { _ = try await $0.promote(.yes) }
            // Until the leader has sealed its log, the candidate follows one who tells it nothing.
            let silent = try RawListener()
            cluster.followers[0] = try await TestNode.follower(
                in: cluster.folder.path("f0"), of: silent.address, cluster.leader.address,
                port: port)
            let upstream = try await silent.accept()
            guard case .hello(let hello)? = try await upstream.next() else {
                throw Unexpected("no hello")
            }
            let held = try #require(hello.resume?.position)
            #expect(held.epoch.number == 1)
            await upstream.sendPreface()
            await upstream.send(
                ServerMessage.hello(
                    ServerHello(
                        version: 1, server: "silent", role: .follower, head: held,
                        leader: cluster.leader.address.description)))
            let candidate = cluster.followers[0]
            _ = try await candidate.status("it knows the leader") { $0.leader != nil }
            let promoting = Task { try await candidate.operate { _ = try await $0.promote(.no) } }
            _ = try await cluster.leader.status("sealed") { $0.promisedEpoch == 3 }
            await upstream.send(ServerMessage.goodbye(Goodbye(code: .draining)))
            try await promoting.value
            #expect(try await candidate.status().epoch == 3)
            try await cluster.stop()
        }

        @Test("G10: a leader that knows of nobody else is told of a later reign by who leads that")
        func unknownSuccessor() async throws {
            let folder = try TemporaryFolder()
            var leader = try await TestNode.leader(in: folder.path("l"))
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            try await leader.operate { try await $0.apply(Self.endpoint(1)) }
            _ = try await follower.status("caught up") { $0.seq == 2 }
            let port = leader.address.port
            try await leader.stop()
            try await follower.operate { _ = try await $0.promote(.yes) }
            // Started as ever, it leads its old reign, and hears of no other.
            leader = try await TestNode.leader(in: folder.path("l"), port: port)
            #expect(try await leader.status().role == "leader")
            let address = leader.address.description
            try await follower.operate { client in
                _ = try await client.members(MembersQuery(add: address))
            }
            let head = try await follower.status().seq
            let back = try await leader.status("it follows") {
                $0.role == "follower" && $0.seq >= head
            }
            #expect(back.epoch == 2)
            try await leader.stop()
            try await follower.stop()
        }

        @Test("G10: of two who were forced to lead epochs of one number one goes on as a follower")
        func sameNumber() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l"))
            let first = try await TestNode.follower(in: folder.path("a"), of: leader.address)
            let second = try await TestNode.follower(in: folder.path("b"), of: leader.address)
            let nodes = [first, second]
            for node in nodes { _ = try await node.status("has all") { $0.seq == 1 } }
            try await leader.stop()
            for node in nodes { try await node.operate { _ = try await $0.promote(.yes) } }
            // Only the second looks at the first, whichever of them comes after the other.
            let address = first.address.description
            try await second.operate { client in
                _ = try await client.members(MembersQuery(add: address))
            }
            try await within(20, "one of them follows") {
                while true {
                    let roles = try await [first.status().role, second.status().role]
                    if roles.contains("follower") { return }
                    await Task.yield()
                }
            }
            for node in nodes {
                _ = try await node.status("one history") { $0.epoch == 2 && $0.seq >= 2 }
                try await node.stop()
            }
        }

        /// A history that goes on in the known one, as far as it says.
        private static func later(than known: Position) -> (head: Position, forks: [Fork]) {
            var head = known
            head.epoch = Epoch(number: 9, leaderID: 9)
            head.seq = Seq(100)
            let forks = [
                Fork(epoch: head.epoch, firstSeq: Seq(50)),
                Fork(epoch: known.epoch, firstSeq: Seq(1)),
            ]
            return (head, forks)
        }

        /// Of the first question.
        private static func ticket(from peer: RawServer) async throws -> UInt64? {
            while let message = try await peer.next() {
                if case .query(let query) = message { return query.ticket }
            }
            return nil
        }

        @Test("G10: who was deposed follows whoever showed that, and not itself when that is named")
        func namedAsLeader() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l"))
            let agent = await Agent.start(leader.address)
            try await agent.untilInSync()
            let known = try #require(await agent.position)
            await agent.close()
            // It has the later epoch's event, and has not heard yet who leads.
            let peer = try RawListener()
            let following = try await RawClient(to: leader.address)
            await following.greet(
                ClientHello(
                    role: .log, actor: "peer", nodeID: NodeID(high: 7, low: 1),
                    advertise: peer.address.description))
            let asked = try await peer.accept()
            await asked.sendPreface()
            let (head, forks) = Self.later(than: known)
            await asked.send(
                ServerMessage.hello(
                    ServerHello(
                        version: 1, server: "peer", role: .follower, head: head,
                        leader: leader.address.description, forks: forks)))
            let ticket = try #require(try await Self.ticket(from: asked))
            let audit = AuditPart(
                epochNumber: 9, time: Timestamp(seconds: 1_800_000_000),
                wallTime: Timestamp(seconds: 1_800_000_000))
            let shown = RecordRow(
                record: EncodedRecord(
                    item: try .control(seq: Seq(50), .epoch(head.epoch)), audit: audit),
                chain: known.chain)
            for body in [QueryAnswer.Body.records([shown]), .end(Seq(100))] {
                await asked.send(ServerMessage.queryAnswer(QueryAnswer(ticket: ticket, body: body)))
            }
            // It asks which log there is, or subscribes to it: not as who looks around.
            while true {
                let again = try await within(20, "it dials its new upstream") {
                    try await peer.accept()
                }
                if case .hello(let hello)? = try await again.next(), hello.actor == "follower" {
                    break
                }
            }
            try await leader.stop()
        }

        @Test("G10: a leader's directory that was deposed is a follower's from then on")
        func deposedDirectory() async throws {
            let cluster = try await Cluster(followers: 1, minAcks: 1)
            try await cluster.followers[0].operate { _ = try await $0.promote(.no) }
            _ = try await cluster.leader.status("it follows") { $0.role == "follower" }
            try await cluster.leader.stop()
            await #expect(throws: LeaderRefusal.followerDirectory(cluster.folder.path("l"))) {
                try await TestNode.leader(in: cluster.folder.path("l"))
            }
            try await cluster.followers[0].stop()
        }

        @Test("G10: who shows no event of a later epoch deposes nobody")
        func claimsDeposeNobody() async throws {
            let cluster = try await Cluster(followers: 1, minAcks: 0)
            // It says a high epoch in its hello, and has no such event.
            let liar = try RawListener()
            let agent = await Agent.start(cluster.leader.address)
            try await agent.untilInSync()
            let known = try #require(await agent.position)
            await agent.close()
            try await cluster.leader.operate { client in
                _ = try await client.members(MembersQuery(add: liar.address.description))
            }
            let asked = try await liar.accept()
            await asked.sendPreface()
            let (head, forks) = Self.later(than: known)
            await asked.send(
                ServerMessage.hello(
                    ServerHello(
                        version: 1, server: "liar", role: .leader, head: head, forks: forks)))
            let ticket = try #require(try await Self.ticket(from: asked))
            await asked.send(
                ServerMessage.queryAnswer(QueryAnswer(ticket: ticket, body: .end(Seq(100)))))
            // Asked once more: what was answered has been dealt with.
            _ = try await liar.accept()
            let client = cluster.leader.client()
            try await client.apply(Self.endpoint(1))
            #expect(try await cluster.leader.status().role == "leader")
            await client.close()
            try await cluster.stop()
        }
    }
}

extension TestNode {
    /// Something that operators do.
    func operate(_ body: @escaping @Sendable (EndpointClient) async throws -> Void) async throws {
        let client = client(actor: "operator")
        do {
            try await body(client)
            await client.close()
        } catch {
            await client.close()
            throw error
        }
    }

    /// Adds a voter and waits until the change is settled.
    func settled(adding voter: ServerAddress) async throws {
        try await operate { client in
            _ = try await client.members(MembersQuery(add: voter.description))
            try await within(20, "membership settled") {
                while true {
                    let report = String(decoding: try await client.members(), as: UTF8.self)
                    if report.contains(#""unsettledSince":null"#) { return }
                    await Task.yield()
                }
            }
        }
    }
}

extension EndpointChange {
    fileprivate var key: EndpointKey {
        switch self {
        case .put(let item): item.key
        case .removal(let key, _): key
        }
    }
}
