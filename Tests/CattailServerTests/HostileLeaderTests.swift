import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import ReplicaCore
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("A follower and a leader that lies (G4, G12)")
    struct HostileLeader {
        @Test(
            "G4, G12: what does not continue the log is refused with its code; good records go on")
        func lies() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let node = try await leader.follower(in: folder.path("f"))
            for lie in leader.lies {
                let peer = try await leader.accept(held: .zero)
                await peer.send(lie.bytes)
                let end = try await peer.rest()
                let codes = end.compactMap(\.refusalCode)
                #expect(codes.contains { lie.codes.contains($0) }, "\(lie.name): \(end)")
                #expect(try await node.status().seq == 0, "\(lie.name)")
            }
            // Nor does what was refused count against what may wait to be stored: these are more
            // bytes than that.
            for _ in 0..<40 {
                let peer = try await leader.accept(held: .zero)
                await peer.send(try leader.largeLie())
                let codes = try await peer.rest().compactMap(\.refusalCode)
                #expect(codes == ["epoch-wrong"])
            }
            // The truth, in the end, is taken, and reading goes on behind its first part.
            let peer = try await leader.accept(held: .zero)
            for (part, seq) in [(leader.records[..<1], 1), (leader.records[1...], 3)] {
                await peer.send(
                    ServerMessage.records(Records(records: Array(part), mark: leader.mark(seq))))
                #expect(try await peer.durable()?.seq.rawValue == UInt64(seq))
            }
            let status = try await node.status("all three") { $0.seq == 3 }
            #expect(status.chain == leader.positions[3].chain.description)
            #expect(status.views.endpoints == 1)
            #expect(status.staleSince == nil)
            try await node.stop()
        }

        @Test(
            "G13: a follower that catches up knows no rights yet: who subscribes waits, who asks is told"
        )
        func rightsUnknown() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let node = try await leader.follower(in: folder.path("f"))
            let peer = try await leader.accept(held: .zero)
            // What it had at first is known once it has begun with it.
            await peer.send(
                ServerMessage.records(
                    Records(records: Array(leader.records[..<2]), mark: leader.mark(2))))
            _ = try await node.status("the first two") { $0.seq == 2 }
            let agent = await Agent.start(node.address)
            let asking = try await RawClient(to: node.address)
            await asking.greet()
            let list = Query.Body.list(SelectionRequest(), at: nil)
            for (ticket, body) in [list, .promote(.yes), .status].enumerated() {
                await asking.send(.query(Query(ticket: UInt64(ticket), body: body)))
            }
            var codes: [UInt64: FailureCode] = [:]
            var isTold = false
            while !isTold, let message = try await asking.next() {
                guard case .queryAnswer(let answer) = message else { continue }
                if case .failure(let code, _) = answer.body { codes[answer.ticket] = code }
                if case .end = answer.body { isTold = true }
            }
            #expect(codes == [0: .unavailable, 1: .unavailable])
            #expect(await agent.inSyncs.isEmpty)
            await peer.send(
                ServerMessage.records(
                    Records(records: Array(leader.records[2...]), mark: leader.mark(3))))
            try await agent.untilInSync()
            #expect(await agent.held.count == 1)
            #expect(await agent.resyncs.count == 1)
            await agent.close()
            try await node.stop()
        }

        @Test(
            "G7: a follower says through whom its log comes, and follows nobody whose log comes through it"
        )
        func ring() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let node = try await leader.follower(in: folder.path("f"))
            let own = try #require(NodeID(hexadecimal: try await node.status().nodeID))
            let others = (1...3).map { NodeID(high: 7, low: $0) }
            let peer = try await leader.accept(held: .zero)
            // What it had at first is here: nobody waits for rights.
            await peer.send(
                ServerMessage.records(Records(records: leader.records, mark: leader.mark(3))))
            _ = try await node.status("all three") { $0.seq == 3 }
            let below = try await RawClient(to: node.address)
            await below.greet(ClientHello(role: .log, actor: "below"))
            await peer.send(leader.state(path: others))
            #expect(try await below.path(until: { $0.count > 1 }) == others + [own])
            await peer.send(leader.state(path: others + [own, NodeID(high: 7, low: 9)]))
            _ = try await within(10, "the end of a ring") { try await peer.rest() }
            #expect(try await below.path(until: { $0.count == 1 }) == [own])
            // It comes back, and takes another answer.
            let again = try await leader.accept(held: Seq(3))
            await again.send(leader.state(path: []))
            await again.send(ServerMessage.records(Records(records: [], mark: leader.mark(3))))
            _ = try await node.status("in touch") { $0.staleSince == nil }
            try await node.stop()
        }

        @Test("G7: an upstream that is cut off itself is left for another, if there is one")
        func cutOffUpstream() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let clock = ManualClock()
            let other = try RawListener()
            let node = try await leader.follower(in: folder.path("f")) {
                $0.sessionClock = clock.clock
                $0.upstream.append(other.address)
            }
            let peer = try await leader.accept(held: .zero)
            let since = Timestamp(seconds: 1)
            await peer.send(ServerMessage.serverState(ServerState(staleSince: since)))
            await peer.send(ServerMessage.records(Records(records: [], mark: leader.mark(0))))
            _ = try await node.status("as stale as that") { $0.staleSince == "\(since)" }
            try await node.tick()
            #expect(try await node.status().staleSince == "\(since)")
            clock.advance(seconds: 15)
            try await node.tick()
            _ = try await within(10, "the other is dialed") { try await other.accept() }
            try await node.stop()
        }

        @Test("An upstream whose kernel lives on alone is left after three intervals (G7)")
        func frozen() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let clock = ManualClock()
            let node = try await leader.follower(in: folder.path("f")) {
                $0.sessionClock = clock.clock
            }
            let peer = try await leader.accept(held: .zero)
            await peer.send(ServerMessage.records(Records(records: [], mark: leader.mark(0))))
            _ = try await node.status("in touch") { $0.staleSince == nil }
            try await node.tick()
            clock.advance(seconds: 11)
            try await node.tick()
            // What has come here was acknowledged there.
            while let message = try await peer.next() {
                if case .ping = message { break }
            }
            for _ in 0..<2 {
                clock.advance(seconds: 11)
                try await node.tick()
            }
            let end = try await within(10, "the end of who is silent") { try await peer.rest() }
            let codes = end.compactMap { message -> GoodbyeCode? in
                if case .goodbye(let goodbye) = message { goodbye.code } else { nil }
            }
            #expect(codes == [.silent])
            _ = try await node.status("stale") { $0.staleSince != nil }
            try await node.stop()
        }

        @Test("An upstream that breaks the protocol is left alone for longer and longer")
        func growingPauses() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let node = try await leader.follower(in: folder.path("f")) {
                $0.limits.upstreamPauses = .milliseconds(1)...(.seconds(3_600))
            }
            let clock = ContinuousClock()
            let began = clock.now
            for round in 0..<11 {
                let peer = try await leader.accept(held: .zero)
                // The pause doubles from round to round, and half of it is random.
                let least = Duration.milliseconds((1 << round) - 1) / 2
                #expect(clock.now - began >= least, "round \(round)")
                await peer.send(
                    ServerMessage.resync(
                        Resync(how: .snapshot, start: leader.positions[3])))
                #expect(try await peer.rest().compactMap(\.refusalCode) == ["message-unexpected"])
            }
            #expect(try await node.status().staleSince != nil)
            // To have come on makes the pauses short again.
            let peer = try await leader.accept(held: .zero)
            await peer.send(
                ServerMessage.records(Records(records: leader.records, mark: leader.mark(3))))
            #expect(try await peer.durable() == leader.positions[3])
            #expect(try await node.status("in touch") { $0.staleSince == nil }.lagSeconds == 0)
            peer.shutdownSending()
            let again = try await within(30, "soon again") { try await leader.accept(held: Seq(3)) }
            await again.send(ServerMessage.mark(leader.mark(3)))
            _ = try await node.status("in touch again") { $0.staleSince == nil }
            try await node.stop()
        }

        @Test(
            "R45: so much as may wait for a mark is stored before it, and the mark is compared all the same (G4, G12)"
        )
        func unmarked() async throws {
            let folder = try TemporaryFolder()
            let leader = try FakeLeader()
            let node = try await leader.follower(in: folder.path("f")) {
                $0.limits.staging.records = 2
            }
            let liar = try await leader.accept(held: .zero)
            await liar.send(ServerMessage.records(Records(records: [leader.records[0]])))
            await liar.send(ServerMessage.records(Records(records: [leader.records[1]])))
            #expect(try await liar.durable() == leader.positions[2])
            await liar.send(ServerMessage.mark(leader.otherHistory))
            #expect(try await liar.rest().compactMap(\.refusalCode) == ["history-differs"])
            #expect(try await node.status().seq == 2)

            // What was stored is where the next upstream goes on, and a mark alone is compared too.
            let peer = try await leader.accept(held: Seq(2))
            await peer.send(ServerMessage.records(Records(records: [leader.records[2]])))
            await peer.send(ServerMessage.mark(leader.mark(3)))
            #expect(try await peer.durable() == leader.positions[3])
            try await node.stop()
        }
    }
}

/// A log of three events, and whoever serves it: well, or not.
struct FakeLeader {
    struct Lie {
        let name: String
        let codes: Set<String>
        let bytes: [UInt8]
    }

    let listener: RawListener
    let logID = LogID(high: 0xCA77, low: 0xA11)
    let records: [EncodedRecord]
    let positions: [Position]

    init(_ epoch: Epoch = Epoch(number: 1, leaderID: 7)) throws {
        listener = try RawListener()
        let time = Timestamp(microseconds: 1_700_000_000_000_000)
        let first = try Self.put(seq: 2, previous: 0, number: 1)
        let items = [
            try EncodedItem.control(seq: Seq(1), .epoch(epoch)), first,
            try Self.put(seq: 3, previous: 2, number: 1, labels: ["a": "b"]),
        ]
        records = items.map {
            EncodedRecord(item: $0, audit: Self.audit(time, epoch: epoch.number))
        }
        var positions = [Position.origin(of: logID)]
        for record in records {
            positions.append(
                Position(
                    logID: logID, epoch: epoch, seq: record.seq,
                    chain: positions[positions.count - 1].chain.followed(by: record.hash)))
        }
        self.positions = positions
    }

    private static func audit(_ time: Timestamp, epoch: UInt64 = 1) -> AuditPart {
        AuditPart(epochNumber: epoch, time: time, wallTime: time)
    }

    private static func put(
        seq: UInt64, previous: UInt64, number: Int, labels: [String: String] = [:]
    ) throws -> EncodedItem {
        let endpoint = Sample.endpoint(number, labels: labels)
        var generator = SplitMix(seed: 6)
        let uid = UID.random(using: &generator)
        return try endpoint.encodedEndpoint().withUnsafeBytes { raw in
            Result {
                try EncodedItem.put(
                    seq: Seq(seq), previousSeq: Seq(previous), key: endpoint.key,
                    uid: uid, creationTime: Timestamp(seconds: 1_700_000_000),
                    endpoint: raw)
            }
        }.get()
    }

    /// A follower of this leader, past its first question, which log there is.
    func follower(
        in directory: String,
        _ configure: @escaping @Sendable (inout NodeConfiguration) -> Void = { _ in }
    ) async throws -> TestNode {
        let starting = Task(executorPreference: OwnExecutor.shared) {
            try await TestNode.follower(
                in: directory, of: listener.address, port: 0, configure)
        }
        let asking = try await listener.accept()
        guard case .hello(let ask)? = try await asking.next() else {
            throw Unexpected("no hello")
        }
        #expect(ask.role == .requests)
        await greet(asking)
        return try await within(10, "the follower's start") { try await starting.value }
    }

    /// Of another history than the first two records lead to.
    var otherHistory: Mark {
        Mark(
            position: Position(
                logID: logID, epoch: positions[2].epoch, seq: Seq(2), chain: Hash256.of([9])))
    }

    func mark(_ count: Int) -> Mark { Mark(position: positions[count], sync: .inSync) }

    func greet(_ peer: RawServer) async {
        await peer.send(FrameFormat.preface)
        await peer.send(
            ServerMessage.hello(
                ServerHello(
                    version: 1, server: "fake", role: .leader, head: positions[3],
                    pingIntervalMilliseconds: 10_000)))
    }

    /// The follower's next subscription to the log, welcomed.
    func state(path: [NodeID]) -> ServerMessage {
        .serverState(ServerState(staleSince: nil, path: path))
    }

    func accept(held: Seq) async throws -> RawServer {
        let peer = try await listener.accept()
        guard case .hello(let hello)? = try await peer.next() else {
            throw Overdue(description: "no hello")
        }
        #expect(hello.role == .log)
        #expect((hello.resume?.position.seq ?? .zero) == held)
        await greet(peer)
        await peer.send(
            ServerMessage.resync(
                Resync(how: .deltas, start: positions[Int(held.rawValue)], reason: .cheapest)))
        return peer
    }

    var lies: [Lie] {
        let (one, two, three) = (records[0], records[1], records[2])
        let early = Self.audit(Timestamp(microseconds: 1))
        let wrongEpoch = EncodedRecord(
            item: two.item,
            audit: Self.audit(Timestamp(microseconds: 1_700_000_000_000_000), epoch: 2))
        let backInTime = EncodedRecord(item: two.item, audit: early)
        let noPrevious = (try? Self.put(seq: 2, previous: 1, number: 9)).map {
            EncodedRecord(
                item: $0, audit: Self.audit(Timestamp(microseconds: 1_700_000_000_000_000)))
        }
        return [
            Lie(
                name: "a record with a byte too many", codes: ["tag-malformed"],
                bytes: raw([one.bytes + [0]])),
            Lie(
                name: "a record cut short", codes: ["truncated"],
                bytes: raw([Array(one.bytes.dropLast())])),
            Lie(
                name: "a record of noise", codes: ["varint-malformed"],
                bytes: raw([[UInt8](repeating: 0xFF, count: 100)])),
            Lie(
                name: "fields out of order", codes: ["field-out-of-order"],
                bytes: raw([reversedFields(of: two)])),
            Lie(name: "a gap", codes: ["message-unexpected"], bytes: frame([one, three])),
            Lie(name: "a repeat", codes: ["message-unexpected"], bytes: frame([one, one])),
            Lie(
                name: "a beginning in the middle", codes: ["message-unexpected"],
                bytes: frame([two])),
            Lie(name: "another epoch", codes: ["epoch-wrong"], bytes: frame([one, wrongEpoch])),
            Lie(
                name: "time that goes back", codes: ["time-goes-back"],
                bytes: frame([one, backInTime])),
            Lie(
                name: "a previous seq that was not", codes: ["does-not-fold"],
                bytes: frame([one] + (noPrevious.map { [$0] } ?? []))),
            Lie(
                name: "a mark of another history", codes: ["history-differs"],
                bytes: PlainFrame.bytes(
                    ServerMessage.records(
                        Records(records: [one, two], mark: otherHistory)))),
            Lie(
                name: "a mark ahead of its records", codes: ["message-unexpected"],
                bytes: PlainFrame.bytes(
                    ServerMessage.records(Records(records: [one], mark: mark(3))))),
            Lie(
                name: "changes of a state", codes: ["message-unexpected"],
                bytes: PlainFrame.bytes(
                    ServerMessage.changes(Changes(changes: [.put(two.item)], mark: nil)))),
            Lie(
                name: "answers to nothing", codes: ["message-unexpected"],
                bytes: PlainFrame.bytes(
                    ServerMessage.answers([Answer(ticket: 1, outcome: .created)]))),
            Lie(
                name: "a resync by snapshot", codes: ["message-unexpected"],
                bytes: PlainFrame.bytes(
                    ServerMessage.resync(Resync(how: .snapshot, start: positions[3])))),
            Lie(
                name: "a frame of 4 GiB", codes: ["frame-malformed"],
                bytes: [0xFF, 0xFF, 0xFF, 0xFF]),
        ]
    }

    /// Nine tenths of a megabyte that the follower decodes, hands on and refuses.
    func largeLie() throws -> [UInt8] {
        let endpoint = Sample.endpoint(1, annotation: String(repeating: "x", count: 900_000))
        var generator = SplitMix(seed: 6)
        let item = try EncodedItem.put(
            seq: Seq(2), previousSeq: .zero, key: endpoint.key, uid: .random(using: &generator),
            creationTime: Timestamp(seconds: 1_700_000_000),
            endpoint: EncodedEndpoint(validating: endpoint.encodedEndpoint()))
        let audit = Self.audit(Timestamp(microseconds: 1_700_000_000_000_000), epoch: 2)
        return frame([records[0], EncodedRecord(item: item, audit: audit)])
    }

    private func frame(_ records: [EncodedRecord]) -> [UInt8] {
        let last = records[records.count - 1].seq
        return PlainFrame.bytes(
            ServerMessage.records(Records(records: records, mark: mark(Int(last.rawValue)))))
    }

    /// A records message with bytes that no `EncodedRecord` can hold.
    private func raw(_ records: [[UInt8]]) -> [UInt8] {
        var writer = ProtoWriter()
        writer.message(4) { inner in for record in records { inner.data(1, record) } }
        let length = UInt32(writer.bytes.count + 1)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + [0]
            + writer.bytes
    }

    /// The same two parts, the second before the first.
    private func reversedFields(of record: EncodedRecord) -> [UInt8] {
        let itemLength = record.item.bytes.count
        // Tag, varint length (of less than 16 KiB), item.
        let head = 1 + (itemLength < 128 ? 1 : 2)
        let item = record.bytes.prefix(head + itemLength)
        return Array(record.bytes.dropFirst(head + itemLength)) + Array(item)
    }
}

extension RawServer {
    /// What the follower next says is on its disk; nil when it leaves before.
    fileprivate func durable() async throws -> Position? {
        while let message = try await next() {
            if case .durable(let position) = message { return position }
        }
        return nil
    }
}

extension ClientMessage {
    /// The code of a refusal or goodbye that says more than "done".
    fileprivate var refusalCode: String? {
        switch self {
        case .refusal(let refusal): refusal.code
        case .goodbye(let goodbye) where goodbye.code != .done: goodbye.code.rawValue
        default: nil
        }
    }
}

extension RawClient {
    /// What it is told of where its server's log comes from, when that is as wanted.
    fileprivate func path(until isWanted: ([NodeID]) -> Bool) async throws -> [NodeID]? {
        while let message = try await next() {
            if case .serverState(let state) = message, isWanted(state.path) { return state.path }
        }
        return nil
    }
}

extension NodeID {
    fileprivate init?(hexadecimal text: String?) {
        self.init(file: Array(((text ?? "") + "\n").utf8))
    }
}
