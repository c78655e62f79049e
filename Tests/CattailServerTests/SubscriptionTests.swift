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
    @Suite("Subscriptions")
    struct Subscriptions {
        @Test(
            "G8: a subscriber comes back by deltas, or by net change, and is told only what is new")
        func resume() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.feeds.deltaEvents = 100
                $0.feeds.ringBytes = 1
                $0.feeds.idleFeedMilliseconds = 0
            }
            let client = node.client()
            try await write(0..<50, to: client)
            let cache = SubscriptionConfiguration.Cache.file(folder.path("cache"))
            let first = await Agent.start(node.address, cache: cache)
            try await first.untilInSync()
            #expect(await first.resyncs == [.snapshot])
            await first.close()

            try await write(50..<60, to: client)
            try await node.tick()
            let second = await Agent.start(
                node.address, cache: cache, holding: try await held(first))
            try await second.until(seq: Seq(61))
            #expect(await second.resyncs == [.deltas])
            #expect(await second.changes.count == 10)
            await second.close()

            for round in 0..<40 {
                for number in 60..<65 {
                    try await client.apply(Sample.endpoint(number, labels: ["r": "\(round)"]))
                }
            }
            try await client.delete(Sample.key(64))
            try await client.delete(Sample.key(0))
            let third = await Agent.start(
                node.address, cache: cache, holding: try await held(second))
            try await third.until(seq: Seq(263))
            #expect(await third.resyncs == [.netChange])
            #expect(await third.changes.count == 5, "four that stay, and one that went")
            #expect(try await third.held.digest == Truth(of: node).digest())
            await third.close()
            await client.close()
            try await node.stop()
        }

        @Test("R58: what subscribers do not take is counted")
        func refusals() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let peer = try await RawClient(to: node.address)
            await peer.greet(ClientHello(role: .state))
            while let message = try await peer.next() {
                if case .resync = message { break }
            }
            for code in ["digest-mismatch", "patch-base-mismatch"] {
                await peer.send(ClientMessage.refusal(Refusal(code: code)))
            }
            _ = try await node.status("counts both") { $0.counters["refusals"] == 2 }
            peer.shutdownSending()
            try await node.stop()
        }

        @Test("G8: a position is good at every node of the tree")
        func resumeElsewhere() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let client = leader.client()
            try await write(0..<200, to: client)
            let middle = try await TestNode.follower(in: folder.path("middle"), of: leader.address)
            let leaf = try await TestNode.follower(in: folder.path("leaf"), of: middle.address)
            let first = await Agent.start(leader.address)
            try await first.untilInSync()
            await first.close()
            try await write(200..<230, to: client)
            _ = try await leaf.status("has all") { $0.seq == 231 }
            for node in [leaf, middle, leader] {
                let next = await Agent.start(node.address, holding: try await held(first))
                try await next.until(seq: Seq(231))
                #expect(await next.resyncs == [.deltas])
                #expect(await next.changes.count == 30)
                #expect(try await next.held.digest == Truth(of: leader).digest())
                await next.close()
            }
            await client.close()
            try await leaf.stop()
            try await middle.stop()
            try await leader.stop()
        }

        @Test("G6: selections by selector, node and namespace see what comes in and goes out")
        func selections() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let node = try await TestNode.follower(in: folder.path("follower"), of: leader.address)
            let client = leader.client()
            for number in 0..<60 {
                try await client.apply(
                    Sample.endpoint(
                        number, labels: ["app": number % 2 == 0 ? "web" : "db"],
                        node: number % 3, namespace: "ns\(number % 5)"))
            }
            let selections = [
                Selection(selector: try Selector(parsing: "app == 'web'")),
                Selection(node: "node1"),
                Selection(namespace: "ns2"),
                Selection(
                    selector: try Selector(parsing: "app == 'web' && !has(gone)"), node: "node1"),
                Selection(selector: try Selector(parsing: "app == 'nobody'")),
            ]
            _ = try await node.status("has all") { $0.seq == 61 }
            var agents: [Agent] = []
            for selection in selections {
                agents.append(await Agent.start(node.address, selection: selection))
            }
            for agent in agents { try await agent.untilInSync() }
            // Pod 4 is on node 1, in ns4, and web: out by its label, in again, gone at last.
            let key = Sample.key(4, node: 1, namespace: "ns4")
            let moves = [["app": "db"], ["app": "web"], ["app": "web", "gone": "x"]]
            for labels in moves {
                try await client.apply(
                    Sample.endpoint(4, labels: labels, node: 1, namespace: "ns4"))
            }
            try await client.delete(key)
            try await client.apply(
                Sample.endpoint(990, labels: ["app": "web"], node: 1, namespace: "ns2"))
            let truth = try await Truth(of: leader)
            for (agent, selection) in zip(agents, selections) {
                let (items, digest) = (try truth.items(selection), try truth.digest(selection))
                try await agent.until("digest of \(selection)") { $0.held.digest == digest }
                #expect(await agent.held.count == items.count)
                #expect(await agent.differences == 0)
            }
            #expect(await agents[0].removals == [key, key])
            #expect(await agents[1].removals == [key])
            #expect(await agents[2].removals == [])
            #expect(await agents[3].removals == [key, key])
            #expect(await agents[4].changes.isEmpty)
            for agent in agents { await agent.close() }
            await client.close()
            try await node.stop()
            try await leader.stop()
        }

        /// An agent that had 31 events, and a follower that has 21 and is back while its leader, whose
        /// port it was, is away.
        private func leftBehind(
            in folder: TemporaryFolder
        ) async throws -> (agent: Agent, follower: TestNode, port: UInt16) {
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let client = leader.client()
            try await write(0..<20, to: client)
            let before = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            _ = try await before.status("has all") { $0.seq == 21 }
            try await before.stop()
            try await write(20..<30, to: client)
            let agent = await Agent.start(leader.address)
            try await agent.until(seq: Seq(31))
            await agent.close()
            await client.close()
            let port = leader.address.port
            try await leader.stop()
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address)
            return (agent, follower, port)
        }

        @Test(
            "G7: ahead of a follower a subscriber is told so, goes nowhere back, and then goes on")
        func ahead() async throws {
            let folder = try TemporaryFolder()
            let (first, follower, port) = try await leftBehind(in: folder)
            let agent = await Agent.start(follower.address, holding: try await held(first))
            try await agent.until("behind") {
                $0.statuses.contains(.behind(head: Seq(21)))
            }
            #expect(await agent.changes.isEmpty)
            #expect(await agent.resyncs.isEmpty)
            let again = try await TestNode.leader(in: folder.path("leader"), port: port)
            let writer = again.client()
            try await writer.apply(Sample.endpoint(99))
            try await agent.until(seq: Seq(32))
            #expect(await agent.resyncs == [.deltas])
            #expect(await agent.changes.count == 1)
            #expect(try await agent.held.digest == Truth(of: again).digest())
            await agent.close()
            await writer.close()
            try await follower.stop()
            try await again.stop()
        }

        @Test(
            "G7: who waits for a future that another epoch has ended is told so at once, whatever epoch its position names",
            arguments: [nil, Epoch.none, Epoch(number: 9, leaderID: 9)])
        func aheadOfAnotherEpoch(_ named: Epoch?) async throws {
            let folder = try TemporaryFolder()
            let (first, follower, _) = try await leftBehind(in: folder)
            var position = try #require(first.subscription.position)
            position.epoch = named ?? position.epoch
            let agent = await Agent.start(
                follower.address, holding: .holding(await first.held, position))
            try await agent.until("behind") {
                $0.statuses.contains(.behind(head: Seq(21)))
            }
            // Ten events short of where the agent was, and perhaps for ever.
            try await follower.operate { _ = try await $0.promote(.yes) }
            try await agent.until(seq: Seq(22))
            #expect(await agent.resyncs == [.reset])
            #expect(try await agent.held.digest == Truth(of: follower).digest())
            await agent.close()
            try await follower.stop()
        }

        @Test("G7: who waits at a follower is told when the epoch that ends its future comes there")
        func aheadBehindAnotherEpoch() async throws {
            let folder = try TemporaryFolder()
            let (first, follower, _) = try await leftBehind(in: folder)
            let second = try await TestNode.follower(
                in: folder.path("second"), of: follower.address)
            _ = try await second.status("has what there is") { $0.seq == 21 }
            let agent = await Agent.start(second.address, holding: try await held(first))
            try await agent.until("behind") {
                $0.statuses.contains(.behind(head: Seq(21)))
            }
            // The second one leads nothing: all that it learns is the event that begins the epoch.
            try await follower.operate { _ = try await $0.promote(.yes) }
            try await agent.until(seq: Seq(22))
            #expect(await agent.resyncs == [.reset])
            #expect(try await agent.held.digest == Truth(of: second).digest())
            await agent.close()
            try await second.stop()
            try await follower.stop()
        }

        @Test("G7: a position with a forged chain, a future one and another log's get a reset")
        func forged() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await write(0..<20, to: client)
            let first = await Agent.start(node.address)
            try await first.untilInSync()
            await first.close()
            let real = try #require(first.subscription.position)
            var wrongChain = real
            wrongChain.chain = Hash256.of([1, 2, 3])
            var past = wrongChain
            past.seq = Seq(7)
            var future = real
            future.seq = Seq(5_000)
            let other = Position(
                logID: LogID(high: 1, low: 2), epoch: real.epoch, seq: Seq(3), chain: real.chain)
            for position in [wrongChain, past, future, other] {
                let agent = await Agent.start(
                    node.address, holding: .holding(await first.held, position))
                try await agent.untilInSync()
                #expect(await agent.resyncs == [.reset], "\(position.seq)")
                #expect(await agent.changes.isEmpty, "the same endpoints stand")
                await agent.close()
            }
            await client.close()
            try await node.stop()
        }

        @Test("G8: a snapshot that was cut goes on behind its last key, with what changed since")
        func cursor() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.feeds.frameBytes = 4 << 10
                $0.feeds.inFlightBytes = 4 << 10
            }
            let client = node.client()
            try await write(0..<2_000, to: client)
            let peer = try await RawClient(to: node.address, receiveBuffer: 4 << 10)
            await peer.greet(ClientHello(role: .state))
            var (start, fingerprint): (Position?, Hash256?) = (nil, nil)
            var staged = EndpointSet()
            while staged.count < 300, let message = try await peer.next() {
                switch message {
                case .resync(let resync): (start, fingerprint) = (resync.start, resync.fingerprint)
                case .changes(let changes):
                    for case .put(let item) in changes.changes { staged.put(item) }
                    #expect(changes.mark == nil)
                default: break
                }
            }
            let last = try #require(staged.items(after: nil, limit: 10_000).last?.key)
            // Cut. Meanwhile one that was sent goes, one changes, one comes before the cut.
            let gone = try #require(staged.items(after: nil, limit: 1).first?.key)
            try await client.delete(gone)
            try await client.apply(Sample.endpoint(1_999, labels: ["new": "x"]))
            try await client.apply(Sample.endpoint(100_000, labels: ["n": "x"]))
            let next = try await RawClient(to: node.address)
            await next.greet(
                ClientHello(
                    role: .state,
                    cursor: SnapshotCursor(
                        start: try #require(start), fingerprint: try #require(fingerprint),
                        last: last)))
            var mark: Mark?
            var firstKey: EndpointKey?
            while mark == nil, let message = try await next.next() {
                switch message {
                case .resync(let resync):
                    #expect(resync.how == .snapshot && resync.start == start)
                case .changes(let changes):
                    for change in changes.changes {
                        switch change {
                        case .put(let item):
                            firstKey = firstKey ?? item.key
                            staged.put(item)
                        case .removal(let removal): staged.remove(removal.key)
                        case .patch: Issue.record("a patch was not wished for")
                        }
                    }
                    mark = changes.mark
                case .mark(let bare): mark = bare
                default: break
                }
            }
            #expect(try #require(firstKey) > last)
            #expect(mark?.digest == staged.digest)
            #expect(try await staged.digest == Truth(of: node).digest())
            await client.close()
            try await node.stop()
        }

        @Test("Work is done once: frames encoded do not grow with the number of subscribers")
        func shared() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await write(0..<10, to: client)
            var agents: [Agent] = []
            var encoded: [Int: UInt64] = [:]
            for count in [1, 40] {
                while agents.count < count { agents.append(await Agent.start(node.address)) }
                for agent in agents { try await agent.untilInSync() }
                let before = try await node.status()
                for number in 0..<20 {
                    try await client.apply(Sample.endpoint(number, labels: ["c": "\(count)"]))
                }
                for agent in agents { try await agent.until(seq: Seq(before.seq + 20)) }
                let after = try await node.status()
                encoded[count] =
                    after.counters["framesEncoded"]! - before.counters["framesEncoded"]!
                #expect(after.subscribers.count == count)
                #expect(after.subscribers.allSatisfy { $0.how == "snapshot" })
            }
            // Commits that came while a frame was on its way share the next.
            for count in [1, 40] { #expect((1...20).contains(try #require(encoded[count]))) }
            for agent in agents { await agent.close() }
            await client.close()
            try await node.stop()
        }

        @Test(
            "G9: a subscriber that never reads holds nobody up and costs what it may have in flight"
        )
        func stuck() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
                $0.feeds.ringBytes = 1 << 20
            }
            let client = node.client()
            let stuck = try await RawClient(to: node.address, receiveBuffer: 4 << 10)
            await stuck.greet(ClientHello(role: .state))
            let agent = await Agent.start(node.address)
            try await agent.untilInSync()
            // Incompressible, some 30 MB: more than any socket buffer.
            var generator = SplitMix(seed: 1)
            for number in 0..<60 {
                let noise = (0..<15_000).map { _ in
                    String(generator.next(), radix: 36)
                }.joined()
                try await client.apply(Sample.endpoint(number, annotation: noise))
            }
            try await agent.until(seq: Seq(61))
            let status = try await node.status("both are there") { $0.subscribers.count == 2 }
            let behind = try #require(status.subscribers.first { $0.behindEvents > 0 })
            // In flight, and what the kernel's buffers of both ends took.
            #expect(behind.bytesSent < 10 << 20)
            // Nothing moves: after three ping intervals it is cut, and only it.
            // The client's, the agent's and the stuck one's.
            try await until(node, holds: 3)
            for _ in 0..<6 {
                clock.advance(seconds: 10)
                try await node.tick()
            }
            let after = try await node.status("the stuck one is gone") {
                $0.subscribers.count == 1
            }
            #expect(after.subscribers.count == 1)
            try await until(node, holds: 2)
            try await client.apply(Sample.endpoint(9_999))
            try await agent.until(seq: Seq(62))
            #expect(try await agent.held.digest == Truth(of: node).digest())
            await agent.close()
            await client.close()
            try await node.stop()
            withExtendedLifetime(stuck) {}
        }

        @Test("G9: a slow subscriber is not cut while any byte moves, and arrives")
        func slow() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
            }
            let client = node.client()
            var generator = SplitMix(seed: 2)
            for number in 0..<40 {
                let noise = (0..<15_000).map { _ in
                    String(generator.next(), radix: 36)
                }.joined()
                try await client.apply(Sample.endpoint(number, annotation: noise))
            }
            let slow = try await RawClient(to: node.address, receiveBuffer: 64 << 10)
            await slow.greet(ClientHello(role: .state))
            var held = EndpointSet()
            var mark: Mark?
            var sent = 0
            while mark == nil, let message = try await slow.next() {
                switch message {
                case .changes(let changes):
                    for case .put(let item) in changes.changes { held.put(item) }
                    mark = changes.mark
                    clock.advance(seconds: 9)
                    try await node.tick()
                    sent += 1
                case .mark(let bare): mark = bare
                case .ping(let number): await slow.send(ClientMessage.pong(number))
                case .goodbye(let goodbye): Issue.record("\(goodbye.code)")
                default: break
                }
            }
            #expect(sent > 4, "it took longer than three ping intervals")
            #expect(mark?.digest == held.digest)
            await client.close()
            try await node.stop()
        }

        @Test(
            "A feed that is not touched takes its subscribers along, so that a resume is cheap (G8)"
        )
        func markedAlong() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
            }
            let client = node.client()
            let agent = await Agent.start(
                node.address, selection: Selection(namespace: "elsewhere"))
            try await agent.untilInSync()
            try await write(0..<30, to: client)
            clock.advance(seconds: 11)
            try await node.tick()
            try await agent.until(seq: Seq(31))
            #expect(await agent.changes.isEmpty)
            #expect(await agent.mark?.check == .verified)
            await agent.close()
            await client.close()
            try await node.stop()
        }

        @Test("A draining node says goodbye with where to go, closes everything, and ends")
        func drains() async throws {
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("leader"))
            let one = try await TestNode.follower(in: folder.path("one"), of: leader.address)
            let other = try await TestNode.follower(in: folder.path("two"), of: leader.address)
            let client = leader.client()
            try await write(0..<20, to: client)
            _ = try await one.status("has all") { $0.seq == 21 }
            _ = try await other.status("has all") { $0.seq == 21 }
            let raw = try await RawClient(to: one.address)
            await raw.greet(ClientHello(role: .state))
            // It knows one address; the goodbye tells it of the other.
            let agent = await Agent.start(one.address)
            try await agent.untilInSync()
            let ofLeader = try await RawClient(to: leader.address)
            await ofLeader.greet()
            _ = try await ofLeader.next()

            try await within(20, "the drain") { try await one.stop() }
            let goodbye = try #require(try await raw.goodbye())
            #expect(goodbye.code == .draining)
            #expect(goodbye.addresses == [leader.address.description])
            #expect(try Held.connections(of: one.address) == 0)
            try await agent.untilInSync(2)
            #expect(await agent.resyncs == [.snapshot, .deltas])
            #expect(await agent.changes.count == 20)

            // The leader names a follower that still stands.
            await client.close()
            try await within(20, "the leader's drain") { try await leader.stop() }
            let last = try #require(try await ofLeader.goodbye())
            #expect(last.addresses == [other.address.description])
            try await agent.untilInSync(3)
            await agent.close()
            try await other.stop()
        }

        @Test("G1, G12: a drain answers what is in hand, and is not held up by one who never reads")
        func drainsStuck() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.drainTimeout = .milliseconds(300)
            }
            let client = node.client()
            var generator = SplitMix(seed: 3)
            for number in 0..<20 {
                let noise = (0..<15_000).map { _ in
                    String(generator.next(), radix: 36)
                }.joined()
                try await client.apply(Sample.endpoint(number, annotation: noise))
            }
            let stuck = try await RawClient(to: node.address, receiveBuffer: 4 << 10)
            await stuck.greet(ClientHello(role: .state))
            _ = try await node.status("it is there") { !$0.subscribers.isEmpty }
            await client.close()
            try await within(20, "the drain") { try await node.stop() }
            #expect(try Held.connections(of: node.address) == 0)
            withExtendedLifetime(stuck) {}
        }
    }
}

/// What an agent held at its end, to begin another with.
func held(_ agent: Agent) async throws -> SubscriptionConfiguration.Start {
    let position = try #require(await agent.position)
    return .holding(await agent.held, position)
}
