import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    /// A leader and a follower of it, plain: an identity is `unproven:` and what a client says.
    @Suite("Rights")
    struct RightsOfNodes {
        struct Tree {
            let folder: TemporaryFolder
            let leader: TestNode
            let follower: TestNode
            let writer: EndpointClient

            init() async throws {
                folder = try TemporaryFolder()
                leader = try await TestNode.leader(in: folder.path("l"))
                follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
                writer = leader.client(actor: "root")
                for number in 0..<30 { try await writer.apply(RightsOfNodes.endpoint(number)) }
            }

            /// The seq of their event.
            @discardableResult
            func apply(_ rules: [(String, Roles, SelectionTemplate)]) async throws -> Seq {
                _ = try await writer.rights(
                    RightsQuery(wanted: try RightsOfNodes.rights(rules)))
                return Seq(try await status().seq)
            }

            /// As an admin sees it.
            func status() async throws -> NodeStatus { try await leader.status(as: "root") }

            func stop() async throws {
                await writer.close()
                try await follower.stop()
                try await leader.stop()
            }
        }

        static func endpoint(_ number: Int, _ note: String = "") -> WorkloadEndpoint {
            Sample.endpoint(
                number, labels: ["app": "app-\(number % 3)"], annotation: note)
        }

        static func rights(_ rules: [(String, Roles, SelectionTemplate)]) throws -> Rights {
            let own: [(String, Roles, SelectionTemplate)] = [
                ("unproven:root", [.admin], .everything),
                ("unproven:follower", [.follower], .everything),
            ]
            return Rights(
                rules: try (own + rules).map { name, roles, held in
                    .init(
                        identity: try #require(NamePattern(name)), roles: roles, selection: held)
                })
        }

        private static func app(_ number: Int) -> SelectionTemplate {
            SelectionTemplate(selector: "app == 'app-\(number)'")
        }

        private static let everybody = ("unproven:agent", Roles.agent, SelectionTemplate.everything)

        @Test(
            "G13: a change of rights takes away and gives at its seq, at a leader and behind a relay",
            arguments: ["leader", "follower"])
        func moved(role: String) async throws {
            let tree = try await Tree()
            let node = role == "leader" ? tree.leader : tree.follower
            let agent = await Agent.start(node.address)
            try await agent.untilInSync()
            try await agent.until(seq: Seq(31))
            #expect(await agent.held.count == 30)
            let first = try await tree.apply([("unproven:agent", [.agent], Self.app(0))])
            try await agent.until("what is not its own is gone") { $0.held.count == 10 }
            #expect(await agent.removals.count == 20)
            #expect(await agent.position?.seq == first)
            // What it may not have it hears nothing of; what becomes its own comes.
            try await tree.writer.apply(Self.endpoint(1, "secret"))
            try await tree.writer.apply(Self.endpoint(3, "own"))
            let own = Self.endpoint(3).key
            try await agent.until("its own comes") { $0.held.item(forKey: own)?.seq == Seq(34) }
            let secret = Self.endpoint(1).key
            let heard = await agent.changes.compactMap { change in
                if case .put(let item) = change, item.key == secret { item.seq } else { nil }
            }
            #expect(heard.count == 1 && heard.allSatisfy { $0 < first })
            let second = try await tree.apply([("unproven:agent", [.agent], Self.app(1))])
            try await agent.until("the others are there instead") { agent in
                agent.position?.seq == second
            }
            #expect(await agent.held.count == 10)
            #expect(
                await agent.held.items.allSatisfy { item in
                    (try? item.endpoint().metadata.labels["app"]) == "app-1"
                })
            let third = try await tree.apply([Self.everybody])
            try await agent.until("all is there again") { $0.position?.seq == third }
            #expect(await agent.held.count == 30)
            #expect(await agent.failure == nil)
            await agent.close()
            try await tree.stop()
        }

        @Test("G13: who loses the right to subscribe is told so, and does not come back in")
        func lost() async throws {
            let tree = try await Tree()
            let agents = [
                await Agent.start(tree.leader.address), await Agent.start(tree.follower.address),
            ]
            for agent in agents { try await agent.untilInSync() }
            try await tree.apply([])
            for agent in agents {
                try await agent.until("it has ended") { $0.failure != nil }
                let failure = try #require(await agent.failure as? ClientError)
                #expect(failure.code.rawValue == "not-allowed")
                #expect(failure.message.contains("lets agent do anything"))
                await agent.close()
            }
            let again = await Agent.start(tree.follower.address)
            try await again.until("it is refused") { $0.failure != nil }
            #expect(await again.held.isEmpty)
            await again.close()
            // A follower that may not replicate any more is cut off, and comes back by itself.
            _ = try await tree.writer.rights(
                RightsQuery(
                    wanted: Rights(
                        rules: [
                            .init(
                                identity: try #require(NamePattern("unproven:root")),
                                roles: [.admin])
                        ])))
            _ = try await tree.follower.status(as: "root", "it is cut off") { $0.staleSince != nil }
            let head = try await tree.apply([])
            try await tree.writer.apply(Self.endpoint(40))
            _ = try await tree.follower.status(as: "root", "it follows again") {
                $0.seq > head.rawValue
            }
            try await tree.stop()
        }

        typealias Asking = (EndpointClient) async throws -> Bool

        @Test("G13: each question wants its role, and is answered by what the asker may see")
        func questions() async throws {
            let tree = try await Tree()
            try await tree.apply([
                ("unproven:agent", [.agent], Self.app(0)),
                ("unproven:auditor", [.auditor], .everything),
                ("unproven:writer", [.writer], Self.app(1)),
            ])
            let seq = LogPoint.seq(Seq(31))
            let (mine, other) = (Self.endpoint(0).key, Self.endpoint(1).key)
            func code(_ actor: String, _ ask: Asking) async throws -> String {
                let client = tree.leader.client(actor: actor)
                let answer: String
                do { answer = try await ask(client) ? "ok" : "none" } catch let error as ClientError
                {
                    answer = error.code.rawValue
                }
                await client.close()
                return answer
            }
            let cases: [(String, [String], Asking)] = [
                // agent, auditor, writer, nobody
                (
                    "get its own", ["ok", "ok", "none", "not-allowed"],
                    { try await $0.get(mine) != nil }
                ),
                (
                    "get another's", ["none", "ok", "ok", "not-allowed"],
                    { try await $0.get(other) != nil }
                ),
                (
                    "get as of", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await $0.get(mine, at: seq) != nil }
                ),
                (
                    "history", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await !$0.history(mine).collect().elements.isEmpty }
                ),
                (
                    "log", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await !$0.log().collect().elements.isEmpty }
                ),
                (
                    "status", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await !$0.status().isEmpty }
                ),
                (
                    "rights", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await !$0.rights().isEmpty }
                ),
                (
                    "members", ["not-allowed", "ok", "not-allowed", "not-allowed"],
                    { try await !$0.members().isEmpty }
                ),
                (
                    "change members",
                    ["not-allowed", "not-allowed", "not-allowed", "not-allowed"],
                    { try await !$0.members(MembersQuery(add: "127.0.0.1:1")).isEmpty }
                ),
                (
                    "promote", ["not-allowed", "not-allowed", "not-allowed", "not-allowed"],
                    { try await !$0.promote(.yes).isEmpty }
                ),
                (
                    "replace rights",
                    ["not-allowed", "not-allowed", "not-allowed", "not-allowed"],
                    { try await !$0.rights(RightsQuery(wanted: Rights())).isEmpty }
                ),
                (
                    "write its own", ["not-allowed", "not-allowed", "ok", "not-allowed"],
                    { try await $0.apply(Self.endpoint(4, "x")).key == Self.endpoint(4).key }
                ),
                (
                    "write another's",
                    ["not-allowed", "not-allowed", "not-allowed", "not-allowed"],
                    { try await $0.apply(Self.endpoint(3, "x")).key == Self.endpoint(3).key }
                ),
            ]
            for (what, wanted, ask) in cases {
                var found: [String] = []
                for actor in ["agent", "auditor", "writer", "nobody"] {
                    found.append(try await code(actor, ask))
                }
                #expect(found == wanted, "\(what)")
            }
            var listed: [EncodedItem] = []
            let client = tree.follower.client(actor: "agent")
            listed += try await client.list().collect().elements
            #expect(listed.count == 10)
            await client.close()
            try await tree.stop()
        }

        @Test(
            "G8, G13: a cache of a narrowed selection is worth a resume, and of an older one a snapshot"
        )
        func cache() async throws {
            let tree = try await Tree()
            let file = SubscriptionConfiguration.Cache.file(tree.folder.path("cache"))
            try await tree.apply([("unproven:agent", [.agent], Self.app(0))])
            func run(until seq: Seq) async throws -> Agent {
                let agent = await Agent.start(tree.leader.address, cache: file)
                try await agent.untilInSync()
                try await agent.until(seq: seq)
                await agent.close()
                return agent
            }
            var head = Seq(try await tree.status().seq)
            #expect(await (try run(until: head)).resyncs == [.snapshot])
            try await tree.writer.apply(Self.endpoint(3, "again"))
            head = Seq(try await tree.status().seq)
            #expect(await (try run(until: head)).resyncs == [.deltas])
            head = try await tree.apply([("unproven:agent", [.agent], Self.app(1))])
            let other = try await run(until: head)
            #expect(await other.resyncs == [.snapshot])
            #expect(await other.removals.count == 10)
            head = try await tree.apply([Self.everybody])
            #expect(await (try run(until: head)).resyncs == [.snapshot])
            try await tree.stop()
        }

        @Test("G7, G13: a token of the old selection is worth a snapshot of the new one, no more")
        func token() async throws {
            let tree = try await Tree()
            let agent = await Agent.start(tree.follower.address)
            try await agent.untilInSync()
            try await agent.until(seq: Seq(31))
            let (held, position) = (await agent.held, try #require(await agent.position))
            await agent.close()
            let seq = try await tree.apply([("unproven:agent", [.agent], Self.app(2))])
            _ = try await tree.follower.status(as: "root", "it has them") {
                $0.seq >= seq.rawValue
            }
            let back = await Agent.start(
                tree.follower.address, holding: .holding(held, position))
            try await back.untilInSync()
            #expect(await back.held.count == 10)
            #expect(await back.removals.count == 20)
            await back.close()
            try await tree.stop()
        }
    }
}
