import ArticleSamples
import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Testing

extension ServerTests {
    /// The code that the client library's articles show, against a server.
    @Suite("Articles")
    struct Articles {
        @Test("Who follows as the article shows gains what is selected, and loses what goes")
        func following() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let web = Sample.endpoint(1, labels: ["app": "web"])
            try await client.apply(web)
            try await client.apply(Sample.endpoint(2, labels: ["app": "web", "canary": "yes"]))

            let (tables, told) = AsyncStream.makeStream(of: [EndpointKey: [String]].self)
            let following = Task(executorPreference: OwnExecutor.shared) {
                var addresses: [EndpointKey: [String]] = [:]
                try await FollowingSamples.follow(client, show: { _ in }) { batch in
                    try FollowingSamples.program(batch, into: &addresses)
                    told.yield(addresses)
                }
            }
            let first = try await within(20, "something is selected") {
                await tables.first { !$0.isEmpty }
            }
            #expect(first == [web.key: web.spec.ipNetworks])
            try await client.delete(web.key)
            _ = try await within(20, "it is gone") { await tables.first { $0.isEmpty } }
            following.cancel()
            try await following.value
            await client.close()
            try await node.stop()
        }

        @Test("Who comes back as the article shows knows what was there, also without a server")
        func resuming() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await client.apply(Sample.endpoint(1))
            let path = folder.path("cache")

            let (first, unknown) = FollowingSamples.resume(client, node: "node1", path: path)
            #expect(unknown.isEmpty)
            try await within(20, "it is in sync") {
                for try await case .status(.inSync) in first { return }
            }
            #expect(FollowingSamples.isFresh(first))
            await first.close()
            await client.close()
            try await node.stop()

            let (second, known) = FollowingSamples.resume(client, node: "node1", path: path)
            #expect(known.item(forKey: Sample.key(1)) != nil)
            #expect(!FollowingSamples.isFresh(second), "nothing was ever heard")
            await second.close()
        }

        @Test("Who writes as the article shows writes each wish once, and hears of what failed")
        func writing() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            let endpoint = try await WritingSamples.apply(client)
            let key = endpoint.key
            #expect(key.name == "node--00017-k8s-web--1-eth0")
            let created = try #require(try await client.get(key)).seq
            #expect(try await WritingSamples.create(endpoint, with: client) == created)

            var changed = endpoint
            changed.metadata.labels["round"] = "1"
            let once = try await WritingSamples.once(changed, id: "import/1", with: client)
            let again = try await WritingSamples.once(changed, id: "import/1", with: client)
            guard case .configured(let seq) = once.outcome,
                case .configured(seq) = again.outcome
            else { throw Unexpected("\(once.outcome), then \(again.outcome)") }
            #expect(seq == created.next)

            try await WritingSamples.relabel(key, with: client)
            let relabelled = try #require(try await client.get(key)).endpoint()
            #expect(relabelled.metadata.labels["tier"] == "edge")
            #expect(relabelled.metadata.labels["round"] == "1")

            var wrong = Sample.endpoint(2)
            wrong.spec.ipNetworks = ["nowhere"]
            var failed: [EndpointKey: ClientError.Code] = [:]
            let many = [Sample.endpoint(1), wrong, Sample.endpoint(3)]
            try await WritingSamples.applyAll(many, with: client) { failed[$0] = $1.code }
            #expect(failed == [wrong.key: .invalid])
            #expect(try await client.get(Sample.key(3)) != nil)
            await client.close()
            try await node.stop()
        }

        @Test("Who asks as the article shows is told what is, what was and who it was")
        func asking() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let (client, other) = (node.client(actor: "one"), node.client(actor: "two"))
            let endpoint = Sample.endpoint(1)
            let seq = try #require(try await client.apply(endpoint).seq)
            try await other.apply(Sample.endpoint(1, labels: ["app": "web"]))
            try await other.apply(Sample.endpoint(2))

            let (now, then) = try await AskingSamples.nowAndThen(endpoint.key, client)
            #expect(now != nil && then == nil)
            let addresses = try await AskingSamples.addresses(of: "default", after: seq, client)
            #expect(addresses == endpoint.spec.ipNetworks)
            #expect(try await AskingSamples.actors(of: endpoint.key, client) == ["one", "two"])

            let (events, told) = AsyncStream.makeStream(of: String.self)
            let auditing = Task(executorPreference: OwnExecutor.shared) {
                try await FollowingSamples.audit(client, after: nil) { seq, key, actor in
                    told.yield("\(seq) \(key.name) \(actor)")
                }
            }
            let first = try await within(20, "three events") {
                await events.prefix(3).reduce(into: []) { $0.append($1) }
            }
            let (one, two) = (endpoint.key.name, Sample.key(2).name)
            #expect(first == ["2 \(one) one", "3 \(one) two", "4 \(two) two"])
            auditing.cancel()
            try await auditing.value
            for client in [client, other] { await client.close() }
            try await node.stop()
        }
    }
}
