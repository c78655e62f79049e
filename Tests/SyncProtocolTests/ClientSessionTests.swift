import EndpointModel
import SyncProtocol
import Testing

@Suite("The client's end of a session")
struct ClientSessionTests {
    typealias Machine = ClientSessionStateMachine

    static let logID = LogID(high: 0x1234_5678_9ABC_4DEF, low: 0x8FED_CBA9_8765_4321)

    static func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

    static func position(_ seq: UInt64) -> Position {
        Position(
            logID: logID, epoch: Epoch(number: 1, leaderID: 1), seq: Seq(seq),
            chain: Hash256.of([UInt8(truncatingIfNeeded: seq)]))
    }

    static func mark(_ seq: UInt64, digest: StateDigest? = .empty, _ sync: SyncState = .inSync)
        -> Mark
    {
        Mark(position: position(seq), digest: digest, sync: sync)
    }

    static func opened(_ hello: ClientHello) -> Machine {
        var machine = Machine(hello: hello, at: at(0))
        let server = ServerHello(version: 1, role: .leader, head: position(100))
        #expect(machine.messageReceived(.hello(server), at: at(1)) == [.reportServer(server)])
        machine.checkInvariants()
        return machine
    }

    static func resync(_ how: How, _ start: Position) -> Resync {
        Resync(how: how, start: start, fingerprint: .zero)
    }

    static func token(_ seq: UInt64) -> ResumeToken {
        ResumeToken(position: position(seq), fingerprint: .zero)
    }

    static func removal(_ seq: UInt64) -> Change {
        .removal(Removal(seq: Seq(seq), key: EndpointKey(namespace: "n", name: "e\(seq)")))
    }

    static func fault(_ actions: [Machine.Action]) -> String? {
        for case .send(.goodbye(let goodbye)) in actions
        where goodbye.code == .messageUnexpected {
            return goodbye.message
        }
        return nil
    }

    /// What a subscriber with this hello, greeted, finds wrong with the first message.
    static func fault(of message: ServerMessage, to hello: ClientHello) -> String? {
        var machine = opened(hello)
        defer { machine.checkInvariants() }
        return fault(machine.messageReceived(message, at: at(2)))
    }

    @Test("A first subscription: snapshot, net change, first mark, in sync, deltas")
    func snapshot() {
        var machine = Machine(hello: ClientHello(role: .state), at: Self.at(0))
        #expect(
            machine.connected() == [.sendPreface, .send(.hello(ClientHello(role: .state)))])
        let server = ServerHello(version: 1, role: .follower, head: Self.position(50))
        _ = machine.messageReceived(.hello(server), at: Self.at(1))
        let resync = Resync(how: .snapshot, start: Self.position(50), fingerprint: .zero)
        #expect(
            machine.messageReceived(.resync(resync), at: Self.at(2))
                == [.reportResync(resync, .dropped)])
        let chunk = Changes(changes: [Self.removal(52), Self.removal(3)])
        #expect(machine.messageReceived(.changes(chunk), at: Self.at(3)) == [.stage(chunk)])
        let last = Changes(changes: [Self.removal(53)])
        let first = Self.mark(53)
        #expect(
            machine.messageReceived(
                .changes(Changes(changes: last.changes, mark: first)), at: Self.at(4)) == [
                    .stage(last), .commit(first, at: Self.position(53), .snapshot),
                    .reportInSync(Self.position(53), .snapshot),
                ])
        #expect(
            machine.marksApplied(Self.position(53), .empty)
                == [.send(.applied(Self.position(53), .empty))])
        let next = Self.mark(60, digest: nil)
        #expect(
            machine.messageReceived(.mark(next), at: Self.at(5)) == [
                .commit(next, at: Self.position(60), .deltas)
            ])
        machine.checkInvariants()
    }

    @Test("A mark that says only what changed stands in the log and epoch before it (R38)")
    func steps() {
        var machine = Self.opened(ClientHello(role: .state))
        let start = Self.position(50)
        let resync = Resync(how: .snapshot, start: start, fingerprint: .zero)
        _ = machine.messageReceived(.resync(resync), at: Self.at(2))
        for (seq, number) in [(51, 1), (52, 1), (53, 2), (54, 2)] as [(UInt64, UInt64)] {
            var expected = start
            expected.seq = Seq(seq)
            expected.chain = Hash256.of([UInt8(seq)])
            expected.epoch.number += number
            let isStep = seq != 51 && seq != 53
            let mark = Mark(
                place: isStep
                    ? .step(expected.seq, chain: expected.chain) : .position(expected),
                digest: .empty)
            let actions = machine.messageReceived(.mark(mark), at: Self.at(3))
            #expect(actions == [.commit(mark, at: expected, seq == 51 ? .snapshot : .deltas)])
        }
        let back = Mark(place: .step(Seq(53), chain: .zero))
        #expect(Self.fault(machine.messageReceived(.mark(back), at: Self.at(4))) != nil)
    }

    @Test("A resume by deltas begins exactly at what is held (G7)")
    func resume() {
        let hello = ClientHello(role: .state, resume: Self.token(40))
        for how in [How.deltas, .netChange] {
            var machine = Self.opened(hello)
            let resync = Self.resync(how, Self.position(40))
            #expect(
                machine.messageReceived(.resync(resync), at: Self.at(2))
                    == [.reportResync(resync, .dropped)])
            #expect(
                machine.messageReceived(.mark(Self.mark(40)), at: Self.at(3)) == [
                    .commit(Self.mark(40), at: Self.position(40), how),
                    .reportInSync(Self.position(40), how),
                ])
            var elsewhere = Self.opened(hello)
            let wrong = Self.resync(how, Self.position(41))
            #expect(
                Self.fault(elsewhere.messageReceived(.resync(wrong), at: Self.at(2))) != nil)
            var forked = Self.opened(hello)
            var otherHistory = Self.resync(how, Self.position(40))
            otherHistory.start.chain = Self.position(41).chain
            #expect(
                Self.fault(forked.messageReceived(.resync(otherHistory), at: Self.at(2))) != nil)
        }
    }

    @Test("A position ahead of the server waits until the server has it (G7)")
    func behind() {
        var machine = Self.opened(ClientHello(role: .state, resume: Self.token(140)))
        #expect(
            machine.messageReceived(.behind(head: Self.position(100)), at: Self.at(2))
                == [.reportBehind(head: Self.position(100))])
        _ = machine.messageReceived(.behind(head: Self.position(120)), at: Self.at(3))
        let resync = Self.resync(.deltas, Self.position(140))
        #expect(machine.messageReceived(.resync(resync), at: Self.at(4)).count == 1)
        #expect(
            Self.fault(
                machine.messageReceived(.behind(head: Self.position(100)), at: Self.at(5))) != nil)
    }

    @Test("A cut snapshot keeps what is staged only when it goes on from the same start (G8)")
    func cursor() {
        let cursor = SnapshotCursor(
            start: Self.position(30), fingerprint: .zero,
            last: EndpointKey(namespace: "n", name: "e"))
        let hello = ClientHello(role: .state, cursor: cursor)
        for (start, how, expected) in [
            (30, .snapshot, .kept), (31, .snapshot, .dropped), (30, .reset, .dropped),
        ] as [(UInt64, How, StagedChanges)] {
            var machine = Self.opened(hello)
            let resync = Self.resync(how, Self.position(start))
            #expect(
                machine.messageReceived(.resync(resync), at: Self.at(2))
                    == [.reportResync(resync, expected)])
            // Only the first resync of a connection speaks of the cursor.
            #expect(
                machine.messageReceived(.resync(resync), at: Self.at(3))
                    == [.reportResync(resync, .dropped)])
        }
    }

    @Test("What was staged before the cut may not be ahead of the mark after it either (G7)")
    func cursorAhead() {
        let cursor = SnapshotCursor(
            start: Self.position(30), fingerprint: .zero,
            last: EndpointKey(namespace: "n", name: "e"), highest: Seq(35))
        let hello = ClientHello(role: .state, cursor: cursor)
        for (seq, isTaken) in [(34, false), (35, true)] as [(UInt64, Bool)] {
            var machine = Self.opened(hello)
            let resync = Self.resync(.snapshot, Self.position(30))
            _ = machine.messageReceived(.resync(resync), at: Self.at(2))
            let mark = Mark(position: Self.position(seq), digest: .empty)
            let actions = machine.messageReceived(.mark(mark), at: Self.at(3))
            #expect((Self.fault(actions) == nil) == isTaken)
        }
    }

    @Test("A resync that breaks a rule of what it says is no ground to go on (G7)")
    func resyncRules() {
        let holder = ClientHello(role: .state, resume: Self.token(40))
        let newcomer = ClientHello(role: .state)
        for how in How.allCases {
            let bare = ServerMessage.resync(Resync(how: how, start: Self.position(40)))
            #expect(Self.fault(of: bare, to: holder) != nil, "\(how) without fingerprint")
            let other = Resync(
                how: how, start: Self.position(40), fingerprint: Hash256.of([UInt8(1)]))
            #expect(
                (Self.fault(of: .resync(other), to: holder) == nil) == how.replaces,
                "\(how) of another selection")
            let anew = ServerMessage.resync(Self.resync(how, Self.position(0)))
            #expect(
                (Self.fault(of: anew, to: newcomer) == nil) == (how == .snapshot),
                "\(how) to who holds nothing")
        }
    }

    @Test("Who holds nothing is not told that it is ahead (G7)")
    func behindNewcomer() {
        let behind = ServerMessage.behind(head: Self.position(1))
        #expect(Self.fault(of: behind, to: ClientHello(role: .state)) != nil)
        #expect(Self.fault(of: behind, to: ClientHello(role: .log)) != nil)
        #expect(
            Self.fault(of: behind, to: ClientHello(role: .log, resume: Self.token(40))) == nil)
    }

    @Test("A cursor of another selection is as none: what was staged goes")
    func cursorOfOtherSelection() {
        let cursor = SnapshotCursor(
            start: Self.position(30), fingerprint: Hash256.of([UInt8(1)]),
            last: EndpointKey(namespace: "n", name: "e"))
        var machine = Self.opened(ClientHello(role: .state, cursor: cursor))
        let resync = Self.resync(.snapshot, Self.position(30))
        #expect(
            machine.messageReceived(.resync(resync), at: Self.at(2))
                == [.reportResync(resync, .dropped)])
    }

    @Test("Nothing but a hello or a goodbye stands in the hello's place, not even an empty body")
    func beforeHello() {
        for message in [ServerMessage.unknown(field: 0), .ping(1), .mark(Self.mark(1))] {
            var machine = Machine(hello: ClientHello(role: .state), at: Self.at(0))
            #expect(Self.fault(machine.messageReceived(message, at: Self.at(1))) != nil)
            #expect(machine.isClosed)
        }
    }

    @Test("An item that is not canonical is reported, to be refused, and is no bad body (G12)")
    func unreadable() throws {
        // A change, or a record, of one byte that is no tag.
        let changes = try ServerMessage(decoding: [0x1A, 5, 0x0A, 3, 0x0A, 1, 0xFF])
        let records = try ServerMessage(decoding: [0x22, 3, 0x0A, 1, 0xFF])
        for (role, ours, others) in [
            (.state, changes, records), (.log, records, changes),
        ] as [(Role, ServerMessage, ServerMessage)] {
            let hello = ClientHello(role: role, resume: Self.token(40))
            #expect(Self.fault(of: ours, to: hello) != nil, "before a resync")
            var machine = Self.opened(hello)
            _ = machine.messageReceived(
                .resync(Self.resync(.deltas, Self.position(40))), at: Self.at(2))
            var other = machine
            #expect(Self.fault(other.messageReceived(others, at: Self.at(3))) != nil)
            let actions = machine.messageReceived(ours, at: Self.at(3))
            guard case .reportUnreadable(let error)? = actions.first, actions.count == 1 else {
                Issue.record("\(role): \(actions)")
                continue
            }
            #expect(error.code == "truncated")
            #expect(machine.isOpen)
        }
        // What is wrong around the item is a bad body as ever.
        #expect(throws: WireError.self) {
            try ServerMessage(decoding: [0x1A, 8, 0x0A, 3, 0x0A, 1, 0xFF, 0x0A, 9, 0])
        }
    }

    @Test("Marks never go back, nor behind what is staged, except by reset or snapshot (G7)")
    func order() {
        func following() -> Machine {
            var machine = Self.opened(ClientHello(role: .state, resume: Self.token(40)))
            _ = machine.messageReceived(
                .resync(Self.resync(.deltas, Self.position(40))), at: Self.at(2))
            _ = machine.messageReceived(.mark(Self.mark(45)), at: Self.at(3))
            return machine
        }
        var back = following()
        #expect(Self.fault(back.messageReceived(.mark(Self.mark(44)), at: Self.at(4))) != nil)
        var staged = following()
        _ = staged.messageReceived(.changes(Changes(changes: [Self.removal(50)])), at: Self.at(4))
        #expect(Self.fault(staged.messageReceived(.mark(Self.mark(49)), at: Self.at(5))) != nil)
        var reset = following()
        _ = reset.messageReceived(
            .resync(Self.resync(.reset, Self.position(20))), at: Self.at(4))
        #expect(
            reset.messageReceived(.mark(Self.mark(20)), at: Self.at(5)).first
                == .commit(Self.mark(20), at: Self.position(20), .reset))
        for (seq, isTaken) in [(19, false), (20, true)] as [(UInt64, Bool)] {
            var new = Self.opened(ClientHello(role: .state))
            let snapshot = Self.resync(.snapshot, Self.position(20))
            _ = new.messageReceived(.resync(snapshot), at: Self.at(2))
            let actions = new.messageReceived(.mark(Self.mark(seq)), at: Self.at(3))
            #expect((Self.fault(actions) == nil) == isTaken)
        }
        var other = following()
        var foreign = Self.mark(50)
        var elsewhere = Self.position(50)
        elsewhere.logID = LogID(high: 1, low: 1)
        foreign.place = .position(elsewhere)
        #expect(Self.fault(other.messageReceived(.mark(foreign), at: Self.at(4))) != nil)
    }

    @Test("The first mark of a snapshot and the first in sync carry a digest (G6)")
    func digests() {
        for (how, sync, isLegal) in [
            (.snapshot, .more, false), (.snapshot, .inSync, false), (.deltas, .more, true),
            (.deltas, .inSync, false),
        ] as [(How, SyncState, Bool)] {
            var machine = Self.opened(ClientHello(role: .state, resume: Self.token(40)))
            _ = machine.messageReceived(
                .resync(Self.resync(how, Self.position(40))), at: Self.at(2))
            let actions = machine.messageReceived(
                .mark(Self.mark(41, digest: nil, sync)), at: Self.at(3))
            #expect((Self.fault(actions) == nil) == isLegal)
        }
    }

    @Test("Nothing is staged before a resync, nor on a subscription of the other kind")
    func legality() {
        var early = Self.opened(ClientHello(role: .state))
        #expect(
            Self.fault(
                early.messageReceived(.changes(Changes(changes: [Self.removal(1)])), at: Self.at(2))
            )
                != nil)
        var mark = Self.opened(ClientHello(role: .state))
        #expect(Self.fault(mark.messageReceived(.mark(Self.mark(1)), at: Self.at(2))) != nil)
        var log = Self.opened(ClientHello(role: .log, resume: Self.token(40)))
        _ = log.messageReceived(
            .resync(Self.resync(.deltas, Self.position(40))), at: Self.at(2))
        #expect(
            Self.fault(
                log.messageReceived(.changes(Changes(changes: [Self.removal(41)])), at: Self.at(3)))
                != nil)
        var snapshot = Self.opened(ClientHello(role: .log))
        #expect(
            Self.fault(
                snapshot.messageReceived(
                    .resync(Self.resync(.snapshot, Self.position(40))), at: Self.at(2)))
                != nil)
    }

    @Test("Records come without a gap, and a mark stands at the last one (G2)")
    func records() throws {
        func record(_ seq: UInt64) throws -> EncodedRecord {
            let time = Timestamp(microseconds: 1)
            return EncodedRecord(
                item: try .control(seq: Seq(seq), .unknown(type: 9, criticality: .ignorable)),
                audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
        }
        func following() -> Machine {
            var machine = Self.opened(ClientHello(role: .log, resume: Self.token(40)))
            _ = machine.messageReceived(
                .resync(Self.resync(.deltas, Self.position(40))), at: Self.at(2))
            return machine
        }
        var good = following()
        let batch = Records(records: [try record(41), try record(42)])
        #expect(good.messageReceived(.records(batch), at: Self.at(3)) == [.stageRecords(batch)])
        let mark = Self.mark(42, digest: nil)
        #expect(
            good.messageReceived(.mark(mark), at: Self.at(4)) == [
                .commit(mark, at: Self.position(42), .deltas),
                .reportInSync(Self.position(42), .deltas),
            ])
        #expect(good.recordsStored(Self.position(42)) == [.send(.durable(Self.position(42)))])
        for wrong in [40, 42, 41 + 5] as [UInt64] {
            var machine = following()
            let records = Records(records: [try record(wrong)])
            #expect(Self.fault(machine.messageReceived(.records(records), at: Self.at(3))) != nil)
        }
        for wrong in [41, 43] as [UInt64] {
            var machine = following()
            _ = machine.messageReceived(.records(batch), at: Self.at(3))
            let actions = machine.messageReceived(
                .mark(Self.mark(wrong, digest: nil)), at: Self.at(4))
            #expect(Self.fault(actions) != nil)
        }
    }

    @Test("Another log than the pinned one ends the session for good, naming both")
    func pinned() {
        var machine = Machine(
            hello: ClientHello(role: .state), pinnedLogID: LogID(high: 1, low: 1), at: Self.at(0))
        let server = ServerHello(version: 1, role: .leader, head: Self.position(1))
        let actions = machine.messageReceived(.hello(server), at: Self.at(1))
        guard case .giveUp(let goodbye) = actions.last else {
            Issue.record("goes on with another log")
            return
        }
        #expect(goodbye.code == .logOther)
        #expect(goodbye.message.contains(Self.logID.description))
        #expect(machine.isClosed)
    }

    @Test("Answers meet their tickets, and what an end leaves open is reported (G11)")
    func requests() {
        var machine = Self.opened(ClientHello(role: .requests))
        let wishes = (1...3).map { ServerSessionTests.mutation($0) }
        #expect(machine.mutationsRequested(wishes) == [.send(.mutations(wishes))])
        let query = Query(ticket: 9, body: .status)
        #expect(machine.queryRequested(query) == [.send(.query(query))])
        let answers = [Answer(ticket: 2, outcome: .deleted, seq: Seq(7))]
        #expect(machine.messageReceived(.answers(answers), at: Self.at(2)) == [.deliver(answers)])
        let part = QueryAnswer(ticket: 9, body: .json([0x7B]))
        #expect(machine.messageReceived(.queryAnswer(part), at: Self.at(3)) == [.deliverPart(part)])
        #expect(machine.cancelRequested(ticket: 9) == [.send(.cancel(ticket: 9))])
        let gone = Goodbye(code: .draining, retryAfterMilliseconds: 5, addresses: ["a:1"])
        #expect(
            machine.messageReceived(.goodbye(gone), at: Self.at(4)) == [
                .reportOutcomeUnknown(tickets: [1, 3]), .reportQueriesLost(tickets: [9]),
                .close(.goodbyeReceived(gone)),
                .reconnect(
                    ReconnectAdvice(addresses: ["a:1"], after: Interval(milliseconds: 5))),
            ])
        #expect(
            machine.mutationsRequested([wishes[0]]) == [.reportOutcomeUnknown(tickets: [1])])
        var other = Self.opened(ClientHello(role: .requests))
        #expect(Self.fault(other.messageReceived(.answers(answers), at: Self.at(2))) != nil)
    }

    @Test("Goodbyes for which another try is no help are for good")
    func permanent() {
        for code in [GoodbyeCode.versionUnsupported, .notAllowed, .selectorInvalid] {
            var machine = Machine(hello: ClientHello(role: .state), at: Self.at(0))
            let goodbye = Goodbye(code: code)
            #expect(
                machine.messageReceived(.goodbye(goodbye), at: Self.at(1))
                    == [.close(.goodbyeReceived(goodbye)), .giveUp(goodbye)])
        }
    }

    @Test("A server's hello that says too much is refused, before anybody says it on (G12)")
    func longHello() {
        let long = String(repeating: "x", count: Limits.addressBytes + 1)
        let fork = Fork(epoch: Epoch(number: 1, leaderID: 1), firstSeq: Seq(1))
        for (server, leader, forks) in [
            (long, "", 0), ("", long, 0), ("", "", Limits.forks + 1),
        ] {
            var machine = Machine(hello: ClientHello(role: .log), at: Self.at(0))
            let hello = ServerHello(
                version: 1, server: server, role: .leader, head: Self.position(100),
                leader: leader, forks: Array(repeating: fork, count: forks))
            let actions = machine.messageReceived(.hello(hello), at: Self.at(1))
            guard case .send(.goodbye(let goodbye))? = actions.first else {
                Issue.record("it goes on")
                continue
            }
            #expect(goodbye.code == .limitExceeded)
            #expect(actions.last == .reconnect(ReconnectAdvice()))
        }
    }

    @Test("A silent server is pinged, then left; a late hello is not waited for")
    func silence() {
        var machine = Self.opened(ClientHello(role: .state))
        let step = Limits.pingInterval.milliseconds
        #expect(machine.ticked(at: Self.at(1 + step)) == [.send(.ping(1))])
        #expect(machine.messageReceived(.pong(1), at: Self.at(2 + step)) == [])
        let actions = machine.ticked(at: Self.at(2 + 4 * step))
        #expect(actions.last == .reconnect(ReconnectAdvice()))
        var late = Machine(hello: ClientHello(role: .state), at: Self.at(0))
        #expect(late.ticked(at: Self.at(9_999)) == [])
        let parting = late.ticked(at: Self.at(10_000))
        #expect(parting.last == .reconnect(ReconnectAdvice()))
        guard case .send(.goodbye(let goodbye))? = parting.first else {
            Issue.record("it leaves without a word")
            return
        }
        #expect(goodbye.code == .helloLate)
        var impatient = Machine(hello: ClientHello(role: .state), at: Self.at(0))
        #expect(impatient.helloOverdue() == parting)
        #expect(machine.helloOverdue() == [])
    }

    @Test(
        "No sequence of messages breaks an invariant, and nothing follows an end", arguments: 0..<40
    )
    func anySequence(seed: Int) {
        var samples = Samples(seed: UInt64(seed))
        for _ in 0..<60 {
            let role = Role.allCases[Int(samples.number(3))]
            let hello = ClientHello(
                role: role, resume: samples.maybe { Self.token($0.number(20)) })
            var machine = Machine(hello: hello, at: Self.at(0))
            var closed = false
            for step in 0..<40 {
                let now = Self.at(Int64(step) * Int64(samples.number(5_000)))
                let actions = Self.randomStep(&machine, &samples, now)
                machine.checkInvariants()
                if closed { #expect(actions == []) }
                if actions.contains(where: { if case .close = $0 { true } else { false } }) {
                    closed = true
                }
                #expect(machine.isClosed == closed)
            }
        }
    }

    private static func randomStep(
        _ machine: inout Machine, _ samples: inout Samples, _ now: Instant
    ) -> [Machine.Action] {
        let near = samples.number(20)
        switch samples.number(12) {
        case 0: return machine.ticked(at: now)
        case 1 where samples.number(10) == 0: return machine.connectionClosed()
        case 2 where samples.number(3) == 0:
            return machine.messageReceived(samples.serverMessage(), at: now)
        case 3...5:
            let server = ServerHello(version: 1, role: .leader, head: position(10))
            if !machine.isOpen { return machine.messageReceived(.hello(server), at: now) }
            return machine.messageReceived(.ping(near), at: now)
        case 6...7:
            let how = How.allCases[Int(samples.number(4))]
            return machine.messageReceived(
                .resync(Self.resync(how, position(near))), at: now)
        case 8:
            let changes = Changes(
                changes: [removal(near + 1)], mark: samples.maybe { _ in mark(near + 1) })
            return machine.messageReceived(.changes(changes), at: now)
        default: return machine.messageReceived(.mark(mark(near)), at: now)
        }
    }
}
