import CattailClient
import EndpointModel
import SyncProtocol
import SyncTransport
import Testing

@Suite("A subscription to the log")
struct LogSubscriptionTests {
    /// A log of puts, with its true chain.
    struct Records {
        private(set) var records: [EncodedRecord] = []
        private(set) var positions: [Position]

        init(logID: UInt64 = 1) { positions = [.origin(of: LogID(high: 7, low: logID))] }

        var head: Position { positions[positions.count - 1] }

        mutating func grow(by count: Int) {
            for _ in 0..<count { appendPut() }
        }

        private mutating func appendPut() {
            let seq = head.seq.next
            let key = EndpointKey(namespace: "ns", name: "endpoint-\(seq)")
            let time = Timestamp(seconds: Int64(seq.rawValue))
            var random = SplitMix(state: seq.rawValue)
            let endpoint = WorkloadEndpoint().encodedEndpoint().withUnsafeBytes { bytes in
                Result { () throws(WireError) in
                    try EncodedItem.put(
                        seq: seq, previousSeq: .zero, key: key, uid: .random(using: &random),
                        creationTime: time, endpoint: bytes)
                }
            }
            guard case .success(let item) = endpoint else {
                preconditionFailure("a put that cannot be made")
            }
            append(item)
        }

        mutating func append(_ item: EncodedItem) {
            let seq = item.seq
            let time = Timestamp(seconds: Int64(seq.rawValue))
            let record = EncodedRecord(
                item: item, audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
            records.append(record)
            positions.append(
                Position(
                    logID: head.logID, epoch: Epoch(number: 1, leaderID: 1), seq: seq,
                    chain: head.chain.followed(by: record.hash)))
        }

        /// What leads from one seq to another; its mark says so.
        func message(
            _ seqs: ClosedRange<UInt64>, _ sync: SyncState = .more
        ) -> ServerMessage {
            let mark = Mark(position: positions[Int(seqs.upperBound)], sync: sync)
            let range = Int(seqs.lowerBound) - 1..<Int(seqs.upperBound)
            return .records(Records.message(Array(records[range]), mark))
        }

        static func message(_ records: [EncodedRecord], _ mark: Mark?) -> SyncProtocol.Records {
            SyncProtocol.Records(records: records, mark: mark)
        }
    }

    private func records(_ count: Int) -> Records {
        var records = Records()
        records.grow(by: count)
        return records
    }

    @Test("events count from their mark on, each with the chain hash at it (G3)")
    func staging() {
        let log = records(5)
        var held = HeldLog(position: nil)
        #expect(held.token == nil)
        _ = held.resyncReceived(Resync(how: .deltas, start: log.positions[0]))
        _ = held.stage(.records(Records.message(Array(log.records[0..<2]), nil)))
        #expect(held.position == log.positions[0])
        _ = held.stage(.records(Records.message(Array(log.records[2..<5]), nil)))
        guard case .applied(let events) = held.markReceived(Mark(position: log.head)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(events.entries.map(\.seq.rawValue) == [1, 2, 3, 4, 5])
        #expect(events.entries.map(\.chain) == log.positions.dropFirst().map(\.chain))
        #expect(events.position == log.head)
        #expect(held.token?.position == log.head)
    }

    @Test("a critical event of an unknown type is given like any other, with what follows (R19)")
    func unknownEvent() throws {
        var log = Records()
        log.append(try .control(seq: Seq(1), .unknown(type: 900, criticality: .critical)))
        log.grow(by: 1)
        var held = HeldLog(position: nil)
        _ = held.resyncReceived(Resync(how: .deltas, start: log.positions[0]))
        _ = held.stage(.records(Records.message(log.records, nil)))
        guard case .applied(let events) = held.markReceived(Mark(position: log.head)) else {
            Issue.record("the mark was refused")
            return
        }
        let given = events.entries.map { try? $0.record.item.control() }
        #expect(given == [.unknown(type: 900, criticality: .critical), nil])
        #expect(events.position == log.head)
    }

    @Test("a lost, repeated, changed or foreign event does not get past its mark (G3, G4)")
    func damage() {
        let log = records(4)
        var foreign = Records(logID: 2)
        foreign.grow(by: 4)
        let all = log.records
        let damaged: [[EncodedRecord]] = [
            [all[0], all[1], all[3]], [all[0], all[1], all[1], all[2], all[3]],
            [all[0], all[2], all[1], all[3]], [],
        ]
        for records in damaged {
            var held = HeldLog(position: nil)
            _ = held.resyncReceived(Resync(how: .deltas, start: log.positions[0]))
            _ = held.stage(.records(Records.message(records, nil)))
            guard
                case .diverged(.chainDiffers(Seq(4))) = held.markReceived(Mark(position: log.head))
            else {
                Issue.record("\(records.map(\.seq)) was taken")
                continue
            }
            #expect(held.position == log.positions[0])
        }
        var held = HeldLog(position: log.positions[2])
        guard
            case .diverged = held.resyncReceived(Resync(how: .deltas, start: foreign.positions[2]))
        else {
            Issue.record("another history was taken")
            return
        }
    }

    @Test(
        "whatever is cut or damaged, each event comes once and in order (G3, G7)",
        arguments: 0..<40 as Range<UInt64>)
    func story(seed: UInt64) {
        var story = LogStory(seed: seed)
        for _ in 0..<150 { story.step() }
        story.finish()
        #expect(story.told.map(\.seq) == story.log.records.map(\.seq), "seed \(seed)")
        #expect(story.told.map(\.chain) == story.log.positions.dropFirst().map(\.chain))
        #expect(story.cuts > 3 && story.damages > 0, "seed \(seed)")
    }

    // MARK: Over sockets

    private func configuration(_ server: ScriptedServer) -> ClientConfiguration {
        var configuration = ClientConfiguration(servers: [server.address], actor: "test")
        configuration.pauses = .milliseconds(1)...(.milliseconds(2))
        return configuration
    }

    private func greet(_ peer: ScriptedPeer, _ log: Records) async throws -> ClientHello {
        guard case .hello(let hello)? = await peer.next() else { throw ScriptedServer.Ended() }
        peer.send(.hello(ServerHello(version: 1, role: .leader, head: log.head)))
        return hello
    }

    private func next(_ iterator: inout LogSubscription.Iterator) async throws -> LogEvents {
        while let update = try await iterator.next() {
            if case .events(let events) = update { return events }
        }
        throw ScriptedServer.Ended()
    }

    @Test("a cut shows as a resume behind the last mark, and nothing comes twice")
    func resume() async throws {
        let log = records(6)
        let server = try await ScriptedServer.start()
        let subscription = LogSubscription(configuration: configuration(server))
        var iterator = subscription.makeAsyncIterator()
        let first = try await server.accept()
        let hello = try await greet(first, log)
        #expect(hello.role == .log)
        #expect(hello.resume == nil)
        first.send(
            .resync(Resync(how: .deltas, start: log.positions[0])), log.message(1...3),
            .records(Records.message([log.records[3]], nil)))
        #expect(try await next(&iterator).entries.map(\.seq.rawValue) == [1, 2, 3])
        first.cut()
        let second = try await server.accept()
        #expect(try await greet(second, log).resume?.position == log.positions[3])
        second.send(
            .resync(Resync(how: .deltas, start: log.positions[3])), log.message(4...6, .inSync))
        let rest = try await next(&iterator)
        #expect(rest.entries.map(\.seq.rawValue) == [4, 5, 6])
        #expect(rest.position == log.head)
        await subscription.close()
        // It ends: what is left are statuses.
        while let update = try await iterator.next() {
            if case .events(let events) = update { #expect(events.entries.isEmpty) }
        }
        await server.stop()
    }

    @Test("another history ends it with its code: it would be so for ever (G7)")
    func otherHistory() async throws {
        let log = records(2)
        let server = try await ScriptedServer.start()
        let subscription = LogSubscription(
            configuration: configuration(server), after: log.head)
        let peer = try await server.accept()
        #expect(try await greet(peer, log).resume?.position == log.head)
        peer.send(.goodbye(Goodbye(code: .historyOther, message: "not on this history")))
        let error = await #expect(throws: ClientError.self) {
            for try await _ in subscription {}
        }
        #expect(error?.code.rawValue == "history-other")
        await server.stop()
    }
}

/// A follower of the log against a server that cuts it off at any message and, now and then,
/// loses an event.
private struct LogStory {
    private(set) var log = LogSubscriptionTests.Records()
    private(set) var told: [LogEntry] = []
    private(set) var cuts = 0
    private(set) var damages = 0
    private var random: SplitMix
    private var machine: SubscriberStateMachine<HeldLog>
    /// What the connection has ready to send; nil: no connection.
    private var outbox: [ServerMessage]?
    private var isHonest = false

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        let rota = ServerRota(
            servers: [.standard], pauses: .milliseconds(1)...(.milliseconds(9)), seed: seed)
        machine = SubscriberStateMachine(held: HeldLog(position: nil), rota: rota)
        log.grow(by: 5)
        carryOut(machine.started())
    }

    mutating func step() {
        log.grow(by: Int(random.next() % 3))
        switch random.next() % 8 {
        case 0: cut()
        default: deliver(Int(random.next() % 5))
        }
    }

    mutating func finish() {
        isHonest = true
        cut()
        for _ in 0..<10 { deliver(1_000) }
    }

    private mutating func cut() {
        guard outbox != nil else { return }
        cuts += 1
        outbox = nil
        carryOut(machine.connectionEnded(ClientError(code: .unreachable, message: "cut")))
    }

    private mutating func deliver(_ count: Int) {
        for _ in 0..<count {
            guard outbox?.isEmpty == false, let message = outbox?.removeFirst() else { return }
            carryOut(machine.messageReceived(message))
        }
    }

    /// Frames of up to four records; not every one has a mark.
    private mutating func connect() {
        let held = machine.held.token?.position ?? log.positions[0]
        var messages = [ServerMessage.resync(Resync(how: .deltas, start: held))]
        var next = Int(held.seq.rawValue)
        while next < log.records.count {
            let end = min(log.records.count, next + 1 + Int(random.next() % 4))
            var records = Array(log.records[next..<end])
            if !isHonest, random.next() % 12 == 0 {
                damages += 1
                records.removeLast()
            }
            let isMarked = end == log.records.count || random.next() % 3 > 0
            let mark = isMarked ? Mark(position: log.positions[end]) : nil
            messages.append(.records(LogSubscriptionTests.Records.message(records, mark)))
            next = end
        }
        outbox = messages
        let hello = ServerHello(version: 1, role: .leader, head: log.head)
        carryOut(machine.helloReceived(hello))
    }

    private mutating func carryOut(_ actions: [SubscriberStateMachine<HeldLog>.Action]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .pause: carryOut(machine.pauseEnded())
            case .disconnect(_): outbox = nil
            case .tell(.events(let events)): told += events.entries
            case .tell(.status), .send, .sayApplied, .finish: break
            }
        }
    }
}
