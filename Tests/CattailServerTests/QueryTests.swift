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
    @Suite("Queries")
    struct Queries {
        /// A leader whose log has a seeded random past.
        private func past(_ folder: TemporaryFolder, _ count: Int) async throws -> TestNode {
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client(actor: "one")
            let other = node.client(actor: "two")
            var generator = SplitMix(seed: 11)
            for _ in 0..<count {
                let number = Int.random(in: 0..<40, using: &generator)
                let by = Bool.random(using: &generator) ? client : other
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    _ = try? await by.delete(Sample.key(number))
                } else {
                    let app = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
                    try await by.apply(Sample.endpoint(number, labels: ["app": app]))
                }
            }
            await client.close()
            await other.close()
            return node
        }

        @Test("G14: get, list and diff of every seq say what the log says")
        func asOf() async throws {
            let folder = try TemporaryFolder()
            let node = try await past(folder, 150)
            let follower = try await TestNode.follower(in: folder.path("f"), of: node.address)
            let truth = try await Truth(of: node)
            _ = try await follower.status("has all") { $0.seq == truth.head.rawValue }
            let selection = Selection(selector: try Selector(parsing: "app in {'a','c'}"))
            for client in [node.client(), follower.client()] {
                for seq in stride(from: 0, through: truth.head.rawValue, by: 7).map({ Seq($0) }) {
                    let (items, at) = try await client.list(selection, at: .seq(seq)).collect()
                    let expected = try truth.items(selection, at: seq)
                    #expect(at == seq)
                    #expect(items.map(\.key) == expected.keys.sorted())
                    #expect(items.allSatisfy { expected[$0.key]?.hash == $0.hash })
                    let key = Sample.key(Int(seq.rawValue) % 40)
                    let one = try await client.get(key, at: .seq(seq))
                    #expect(try one?.hash == truth.items(at: seq)[key]?.hash)
                    try await expectDiff(client, truth, from: seq)
                }
                let now = try await client.list().collect()
                #expect(now.seq == truth.head)
                #expect(try now.elements.map(\.hash) == sorted(truth.items()).map(\.hash))
                await client.close()
            }
            try await follower.stop()
            try await node.stop()
        }

        private func sorted(_ items: [EndpointKey: EncodedItem]) throws -> [EncodedItem] {
            items.values.sorted { $0.key < $1.key }
        }

        private func expectDiff(_ client: EndpointClient, _ truth: Truth, from: Seq) async throws {
            let (differences, _) = try await client.diff(from: .seq(from), to: .seq(truth.head))
                .collect()
            let (before, after) = (try truth.items(at: from), try truth.items())
            let keys = Set(before.keys).union(after.keys).filter {
                before[$0]?.hash != after[$0]?.hash
            }
            #expect(Set(differences.compactMap { ($0.after ?? $0.before)?.key }) == keys)
            for difference in differences {
                let key = try #require((difference.after ?? difference.before)?.key)
                #expect(difference.before?.hash == before[key]?.hash)
                #expect(difference.after?.hash == after[key]?.hash)
            }
        }

        @Test("G14: log and history give exactly the events asked for, in order, with their chain")
        func events() async throws {
            let folder = try TemporaryFolder()
            let node = try await past(folder, 120)
            let truth = try await Truth(of: node)
            let client = node.client()
            let all = try await client.log().collect().elements
            var chain = try #require(LogID(try await node.status().logID)).chainOrigin
            for entry in all {
                chain = chain.followed(by: entry.record.hash)
                #expect(entry.chain == chain)
            }
            let some = try await client.log(from: .seq(Seq(10)), to: .seq(Seq(20))).collect()
            #expect(some.elements.map(\.seq.rawValue) == Array(10...20))
            let none = try await client.log(from: .seq(Seq(20)), to: .seq(Seq(10))).collect()
            #expect(none.elements.isEmpty)
            let zero = try await client.log(from: .seq(.zero), to: .seq(Seq(2))).collect()
            #expect(zero.elements.map(\.seq.rawValue) == [1, 2])
            let byTwo = try await client.log(actor: "two").collect().elements
            let expected = try truth.records.filter { try $0.audit().actor == "two" }
            #expect(byTwo.map(\.record.hash) == expected.map(\.hash))
            for number in 0..<40 {
                let key = Sample.key(number)
                let own = truth.records.filter { $0.item.kind != .control && $0.item.key == key }
                let ofKey = try await client.log(key: key).collect().elements
                #expect(ofKey.map(\.seq) == own.map(\.seq))
                guard !own.isEmpty else { continue }
                let history = try await client.history(key).collect().elements
                #expect(history.map(\.record.hash) == own.map(\.hash))
            }
            await client.close()
            try await node.stop()
        }

        @Test("G3: verify reads the whole log; what cannot be answered is refused with its code")
        func verifyAndRefusals() async throws {
            let folder = try TemporaryFolder()
            let node = try await past(folder, 50)
            let client = node.client()
            let head = Seq(try await node.status().seq)
            let report = try await client.verify()
            #expect(report.firstBad == nil)
            #expect(report.checked == head.rawValue)
            #expect(report.head.seq == head)
            await expectCode("position-ahead") {
                try await client.list(at: .seq(Seq(1_000_000))).collect()
            }
            await expectCode("position-ahead") {
                try await client.diff(from: .seq(.zero), to: .seq(Seq(1_000_000))).collect()
            }
            await expectCode("position-ahead") {
                try await client.log(from: .seq(Seq(1_000_000))).collect()
            }
            await expectCode("not-found") {
                try await client.history(Sample.key(4_711)).collect()
            }
            #expect(try await client.get(Sample.key(4_711)) == nil)
            // Further than time goes.
            let dawn = try await client.list(at: .age(microseconds: .max)).collect()
            #expect(dawn.elements.isEmpty && dawn.seq == .zero)
            let late = try await client.list(at: .time(Timestamp(microseconds: .max))).collect()
            #expect(late.seq == head)
            await client.close()
            try await node.stop()
        }

        private func expectCode<Answer>(
            _ code: String, sourceLocation: SourceLocation = #_sourceLocation,
            _ body: () async throws -> Answer
        ) async {
            do {
                _ = try await body()
                Issue.record("answered, not \(code)", sourceLocation: sourceLocation)
            } catch {
                let found = (error as? ClientError)?.code.rawValue
                #expect(found == code, sourceLocation: sourceLocation)
            }
        }

        @Test("A large answer comes in pages; a cut in mid-answer costs nobody anything")
        func pages() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await write(0..<6_000, to: client)
            var pageCount = 0
            var count = 0
            for try await page in client.list() {
                pageCount += 1
                count += page.count
            }
            #expect(count == 6_000 && pageCount > 2)
            #expect(try await client.log().collect().elements.count == 6_001)
            let diff = try await client.diff(from: .seq(Seq(1)), to: .seq(Seq(6_001))).collect()
            #expect(diff.elements.count == 6_000)

            let before = try Held.connections(of: node.address)
            for _ in 0..<20 {
                let peer = try await RawClient(to: node.address, receiveBuffer: 4 << 10)
                await peer.greet()
                await peer.send(.query(1, .list(SelectionRequest(), at: nil)))
                await peer.send(.query(2, .log(LogQuery())))
                while let message = try await peer.next() {
                    if case .queryAnswer = message { break }
                }
            }
            try await until(node, holds: before)
            #expect(try await client.list().collect().elements.count == 6_000)
            await client.close()
            try await node.stop()
        }

        @Test("G9: a query can be cancelled; it ends, and its ticket and place are free again")
        func cancel() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            try await write(0..<6_000, to: client)
            let peer = try await RawClient(to: node.address)
            await peer.greet()
            // More often than there are places for queries.
            for ticket in 1...(UInt64(Limits.openQueries) * 3) {
                await peer.send(.query(ticket, .log(LogQuery())))
                await peer.send(ClientMessage.cancel(ticket: ticket))
                var last: QueryAnswer?
                while last == nil, let message = try await peer.next() {
                    if case .queryAnswer(let answer) = message, answer.ticket == ticket,
                        answer.isLast
                    {
                        last = answer
                    }
                }
                switch last?.body {
                case .failure(let code, _): #expect(code == .cancelled)
                case .end: break  // It was done before the cancel came.
                default: Issue.record("the query did not end")
                }
            }
            await peer.send(.query(99, .status))
            var status: [UInt8] = []
            while status.isEmpty, let message = try await peer.next() {
                if case .queryAnswer(let answer) = message, case .json(let bytes) = answer.body {
                    status = bytes
                }
            }
            #expect(!status.isEmpty)
            await client.close()
            try await node.stop()
        }

        @Test("G9, G12: status queries are bounded like others, and each is answered whole")
        func statuses() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let peer = try await RawClient(to: node.address)
            let count = UInt64(Limits.openQueries) * 3
            let hello = ClientMessage.hello(ClientHello(role: .requests, actor: "raw"))
            let burst = (1...count).map { PlainFrame.bytes(ClientMessage.query($0, .status)) }
            await peer.send(FrameFormat.preface + PlainFrame.bytes(hello) + burst.joined())
            var ended = 0
            var refused: [FailureCode] = []
            while ended + refused.count < count, let message = try await peer.next() {
                guard case .queryAnswer(let answer) = message else { continue }
                if case .end = answer.body { ended += 1 }
                if case .failure(let code, _) = answer.body { refused.append(code) }
            }
            #expect(ended == Limits.openQueries)
            #expect(Set(refused) == [.overloaded])
            await peer.send(.query(1, .status))
            var document: [UInt8] = []
            while let message = try await peer.next() {
                guard case .queryAnswer(let answer) = message else { continue }
                if case .json(let bytes) = answer.body { document += bytes }
                if answer.isLast { break }
            }
            let status = try JSONDecoder().decode(NodeStatus.self, from: Data(document))
            #expect(status.role == "leader" && status.subscribersTotal == 0)
            try await node.stop()
        }

        @Test("Status counts all subscribers, the WAL's bytes, and what the views file holds")
        func totals() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let agent = await Agent.start(node.address)
            let client = node.client()
            try await write(0..<2_000, to: client)
            try await agent.until(seq: Seq(2_001))
            let status = try await node.status("views written") { $0.views.storedSeq == 2_001 }
            #expect(status.subscribersTotal == 1)
            #expect(status.behindEventsMax == status.subscribers.first?.behindEvents)
            #expect(status.lagSeconds == 0)
            let file = try FileManager.default.attributesOfItem(
                atPath: folder.path("leader/log.sqlite"))
            let bytes = try #require((file[.size] as? NSNumber)?.uint64Value)
            #expect(status.log.bytes > bytes)
            await client.close()
            await agent.close()
            try await node.stop()
        }

        @Test(
            "G9: nobody who is served waits behind questions about the past, nor one asker behind one that has gone"
        )
        func pastsApart() async throws {
            let folder = try TemporaryFolder()
            let gate = Gate()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.limits.pastThreads = 1
                $0.clock = WallClock {
                    gate.pass()
                    return WallClock.system.now()
                }
            }
            let client = node.client()
            try await write(0..<100, to: client)
            let agent = await Agent.start(node.address)
            try await agent.until(seq: Seq(101))
            let logID = try #require(LogID(try await node.status().logID))
            let first = try #require(try await client.log().collect().elements.first)
            let start = Position(
                logID: logID, epoch: .none, seq: first.seq, chain: first.chain)
            // Points by age ask the clock, on the thread that looks for the answer.
            gate.close()
            let asker = try await Self.asker(node, atOnce: 1)
            try await gate.untilSomebodyWaits()
            let gone = try await Self.asker(node, atOnce: Limits.openQueries)
            let before = try Held.connections(of: node.address)
            gone.shutdownSending()
            #expect(try await gone.goodbye() == nil)
            try await until(node, holds: before - 1)

            // All that does not look into the past goes on.
            let selection = Selection(selector: try Selector(parsing: "n == '3'"))
            let late = await Agent.start(node.address, selection: selection)
            try await late.untilInSync()
            let back = await Agent.start(node.address, holding: .holding(EndpointSet(), start))
            try await back.untilInSync()
            #expect(await back.resyncs == [.deltas])
            #expect(try await client.list().collect().elements.count == 100)
            #expect(try await client.log().collect().elements.count == 101)

            gate.open()
            while let message = try await asker.next() {
                if case .queryAnswer(let answer) = message, answer.isLast { break }
            }
            let dawn = try await client.list(at: .age(microseconds: .max)).collect()
            #expect(dawn.seq == .zero)
            // The one that was waited for, and the last: those of whoever had gone never ran.
            #expect(gate.passed == 2)
            for agent in [agent, late, back] { await agent.close() }
            await client.close()
            try await node.stop()
        }

        private static func asker(_ node: TestNode, atOnce count: Int) async throws -> RawClient {
            let peer = try await RawClient(to: node.address)
            await peer.greet()
            for ticket in 1...UInt64(count) {
                await peer.send(
                    .query(ticket, .list(SelectionRequest(), at: .age(microseconds: .max))))
            }
            // Answered behind what was read before it.
            await peer.send(ClientMessage.ping(7))
            while let message = try await peer.next() {
                if case .pong = message { return peer }
            }
            throw Unexpected("no pong")
        }

        @Test("G12: items of the greatest size are listed, compared and replicated")
        func largest() async throws {
            let folder = try TemporaryFolder()
            let node = try await TestNode.leader(in: folder.path("leader"))
            let client = node.client()
            var bytes = 1 << 20
            var stored = 0
            for letter in ["a", "b"] {
                while stored == (letter == "a" ? 0 : 1) {
                    let note = String(repeating: letter, count: bytes)
                    do {
                        try await client.importing(
                            Sample.endpoint(1, annotation: note), origin: Origin())
                        stored += 1
                    } catch {
                        #expect(error.code == .tooLong)
                        bytes -= 16
                    }
                }
                try await write(10..<400, to: client)
            }
            let diff = try await client.diff(from: .seq(Seq(2)), to: .seq(Seq(393))).collect()
            #expect(diff.elements.count == 391)
            let sizes = try await client.history(Sample.key(1)).collect().elements.map {
                $0.record.item.bytes.count
            }
            #expect(sizes.count == 2 && sizes.allSatisfy { $0 > (1 << 20) - 200 })
            let follower = try await TestNode.follower(in: folder.path("f"), of: node.address)
            let agent = await Agent.start(follower.address)
            try await expectAgreement(node, [follower], [agent], head: 393)
            await agent.close()
            await client.close()
            try await follower.stop()
            try await node.stop()
        }
    }
}

extension ClientMessage {
    static func query(_ ticket: UInt64, _ body: Query.Body) -> ClientMessage {
        .query(Query(ticket: ticket, body: body))
    }
}

/// Waits until the node's side of all other connections is closed.
func until(_ node: TestNode, holds count: Int) async throws {
    try await within(10, "connections of \(node.address) back to \(count)") {
        while try Held.connections(of: node.address) > count { await Task.yield() }
    }
}
