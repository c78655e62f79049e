internal import EndpointModel
internal import SyncProtocol

/// A client's end of a connection, whatever the server and the clock do and the caller wishes: it
/// closes once and says where to go, every request is answered or reported lost, and what is
/// held never goes back unseen (G7, G11).
struct ClientSessionClaims {
    private var session: ClientSessionStateMachine
    private let hello: ClientHello
    private var now = Instant(milliseconds: 0)
    private var nextTicket: UInt64 = 1
    private var mutations: Set<UInt64> = []
    private var queries: Set<UInt64> = []
    private var held: Position?
    /// Of the log: the last record that was staged.
    private var staged = Seq.zero
    private var isClosed = false

    private init(_ input: inout FuzzInput) {
        let kind = input.byte()
        hello = Self.hello(kind, input.piece())
        session = ClientSessionStateMachine(hello: hello, at: now)
        held = hello.resume?.position
        staged = held?.seq ?? .zero
    }

    /// The fuzzer's own hello, or a plain one of some role.
    private static func hello(_ kind: UInt8, _ bytes: UnsafeRawBufferPointer) -> ClientHello {
        if case .hello(let hello)? = try? ClientMessage(decoding: bytes) { return hello }
        return ClientHello(role: [.requests, .state, .log][Int(kind % 3)])
    }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        var run = ClientSessionClaims(&input)
        try run.take(run.session.connected())
        while !input.isEmpty { try run.step(&input) }
        try run.take(run.session.connectionClosed())
        try claim(run.isClosed, "a session outlives its connection")
    }

    private mutating func step(_ input: inout FuzzInput) throws {
        switch input.byte() % 14 {
        case 0, 1, 2, 3, 4: try messageComes(input.piece())
        case 5: try tick(after: Int64(input.number(bytes: 2)))
        case 6:
            if let deadline = session.deadline {
                try tick(after: max(0, deadline.milliseconds - now.milliseconds))
            }
        case 7: session.bytesMoved(at: now)
        case 8: try wish(mutations: Int(input.byte() % 4))
        case 9: try ask()
        case 10: try take(session.cancelRequested(ticket: UInt64(input.byte())))
        case 11: try tell()
        case 12: try take(session.left())
        default: try take(session.frameFaulted(.codecUnknown(input.byte())))
        }
        session.checkInvariants()
        try claim(session.isClosed == isClosed, "closed without saying so")
    }

    private mutating func messageComes(_ bytes: UnsafeRawBufferPointer) throws {
        let actions: [ClientSessionStateMachine.Action]
        do throws(WireError) {
            actions = session.messageReceived(try ServerMessage(decoding: bytes), at: now)
        } catch { actions = session.messageFaulted(error) }
        try take(actions)
    }

    private mutating func tick(after milliseconds: Int64) throws {
        now = now + Interval(milliseconds: milliseconds)
        try take(session.ticked(at: now))
        guard let deadline = session.deadline else { return }
        try claim(deadline > now, "a timer that is due again at once")
    }

    private mutating func wish(mutations count: Int) throws {
        let wishes = (0..<count).map { _ in
            nextTicket += 1
            return Mutation(
                ticket: nextTicket, requestID: "r", operation: .delete,
                key: EndpointKey(namespace: "n", name: "e"))
        }
        mutations.formUnion(wishes.map(\.ticket))
        try take(session.mutationsRequested(wishes))
    }

    private mutating func ask() throws {
        nextTicket += 1
        queries.insert(nextTicket)
        try take(session.queryRequested(Query(ticket: nextTicket, body: .status)))
    }

    private mutating func tell() throws {
        guard let held else { return }
        switch hello.role {
        case .state: try take(session.marksApplied(held, .empty))
        case .log: try take(session.recordsStored(held))
        case .requests: try take(session.refused(Refusal(code: "digest-differs")))
        }
    }

    private mutating func take(_ actions: [ClientSessionStateMachine.Action]) throws {
        let wasClosed = isClosed
        for action in actions { try take(action, wasClosed: wasClosed) }
    }

    private mutating func take(
        _ action: ClientSessionStateMachine.Action, wasClosed: Bool
    ) throws {
        switch action {
        case .reportOutcomeUnknown(let tickets):
            for ticket in tickets {
                try claim(mutations.remove(ticket) != nil, "ticket \(ticket) is not open")
            }
            return
        case .reportQueriesLost(let tickets):
            for ticket in tickets {
                try claim(queries.remove(ticket) != nil, "ticket \(ticket) is not open")
            }
            return
        case .reconnect, .giveUp:
            return try claim(isClosed && !wasClosed, "advice without an end")
        default: break
        }
        try claim(!isClosed, "an action behind close: \(action)")
        try takeOpen(action)
    }

    private mutating func takeOpen(_ action: ClientSessionStateMachine.Action) throws {
        switch action {
        case .send(let message):
            if case .goodbye(let goodbye) = message {
                let length = goodbye.encoded().count
                try claim(length <= 2 * Limits.messageBytes, "a goodbye of \(length) bytes")
            }
        case .reportServer(let server):
            try claim(server.server.utf8.count <= Limits.nameBytes, "a long name of a server")
            try claim(server.forks.count <= Limits.forks, "\(server.forks.count) forks")
        case .reportResync(let resync, _): try resyncs(resync)
        case .stageRecords(let records):
            for record in records.records {
                try claim(record.seq == staged.next, "record \(record.seq) behind \(staged)")
                staged = record.seq
            }
        case .commit(let mark, let position, let how): try commits(mark, position, how)
        case .deliver(let answers):
            for answer in answers {
                let known = mutations.remove(answer.ticket) != nil
                try claim(known, "an answer to what was not asked")
            }
        case .deliverPart(let answer):
            try claim(queries.contains(answer.ticket), "a part of what was not asked")
            if answer.isLast { queries.remove(answer.ticket) }
        case .close:
            isClosed = true
            try claim(mutations.isEmpty && queries.isEmpty, "requests are left behind")
        case .sendPreface, .reportBehind, .stage, .reportUnreadable, .reportInSync,
            .reportServerState:
            break
        case .reportOutcomeUnknown, .reportQueriesLost, .reconnect, .giveUp: break
        }
    }

    private mutating func resyncs(_ resync: Resync) throws {
        switch hello.role {
        case .requests: try claim(false, "a resync of requests")
        case .log:
            try claim(resync.how == .deltas, "a log by \(resync.how)")
            staged = resync.start.seq
        case .state:
            if !resync.how.replaces {
                try claim(resync.start == held, "\(resync.how) from where nothing is held")
            }
        }
    }

    private mutating func commits(_ mark: Mark, _ position: Position, _ how: How) throws {
        if let held, !how.replaces {
            try claim(position.logID == held.logID, "another log by \(how)")
            try claim(position.seq >= held.seq, "time goes back from \(held.seq)")
        }
        if how.replaces, hello.role == .state {
            try claim(mark.digest != nil, "what replaces all has no digest")
        }
        if hello.role == .log { try claim(position.seq == staged, "a mark beside its records") }
        held = position
    }
}
