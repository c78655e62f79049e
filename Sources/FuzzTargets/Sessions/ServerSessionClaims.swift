internal import EndpointModel
internal import SyncProtocol

/// A server's end of a connection, whatever the peer and the clock do and the node answers: it
/// closes once and is silent then, says little, holds little, and its timer always moves on.
struct ServerSessionClaims {
    private var session: ServerSessionStateMachine
    private var now = Instant(milliseconds: 0)
    private var unanswered = 0
    private var queries: [UInt64] = []
    private var isSubscribed = false
    private var isPaused = false
    private var isClosed = false
    private var prefaceWasRead = false

    private init() { session = ServerSessionStateMachine(at: now) }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        var run = ServerSessionClaims()
        while !input.isEmpty { try run.step(&input) }
        try run.take(run.session.connectionClosed())
        try claim(run.isClosed, "a session outlives its connection")
    }

    private mutating func step(_ input: inout FuzzInput) throws {
        switch input.byte() % 14 {
        case 0: try prefaceComes()
        case 1, 2, 3, 4: try messageComes(input.piece())
        case 5: try tick(after: Int64(input.number(bytes: 2)))
        case 6: try tickAtDeadline()
        case 7: session.bytesMoved(at: now)
        case 8: try answer(Int(input.byte()))
        case 9: try endQuery(Int(input.byte()))
        case 10: try take(session.drainBegun(addresses: ["10.0.0.1:7000"]))
        case 11: try take(session.feedEnded(Goodbye(code: .selectorInvalid)))
        case 12: try take(session.frameFaulted(.frameEmpty))
        default: try prefaceComes()
        }
        session.checkInvariants()
        try claim(session.isClosed == isClosed, "closed without saying so")
    }

    private mutating func prefaceComes() throws {
        prefaceWasRead = true
        try take(session.prefaceReceived(at: now))
    }

    /// As the transport does it: no message before the preface.
    private mutating func messageComes(_ bytes: UnsafeRawBufferPointer) throws {
        guard prefaceWasRead else { return }
        if !isPaused {
            try claim(
                unanswered < Limits.outstandingMutations, "\(unanswered) wishes, and it reads")
        }
        switch Result(catching: { () throws(WireError) in try ClientMessage(decoding: bytes) }) {
        case .success(let message):
            try take(session.messageReceived(message, frameBytes: bytes.count, at: now))
        case .failure(let error): try take(session.messageFaulted(error))
        }
    }

    private mutating func tick(after milliseconds: Int64) throws {
        now = now + Interval(milliseconds: milliseconds)
        try take(session.ticked(at: now))
        guard let deadline = session.deadline else { return }
        try claim(deadline > now, "a timer that is due again at once")
    }

    private mutating func tickAtDeadline() throws {
        guard let deadline = session.deadline else { return }
        try tick(after: max(0, deadline.milliseconds - now.milliseconds))
    }

    private mutating func answer(_ wanted: Int) throws {
        let count = min(wanted, unanswered)
        guard count > 0 else { return }
        unanswered -= count
        try take(session.requestsAnswered(count: count))
    }

    private mutating func endQuery(_ index: Int) throws {
        guard !queries.isEmpty else { return }
        let ticket = queries.remove(at: index % queries.count)
        try take(session.queryEnded(ticket: ticket))
    }

    private mutating func take(_ actions: [ServerSessionStateMachine.Action]) throws {
        try claim(!isClosed || actions.isEmpty, "a closed session acts: \(actions)")
        for action in actions {
            try claim(!isClosed, "an action behind close: \(action)")
            try take(action)
        }
    }

    private mutating func take(_ action: ServerSessionStateMachine.Action) throws {
        switch action {
        case .subscribe(let request):
            try claim(!isSubscribed, "subscribed twice")
            isSubscribed = true
            if case .state(let selection, _) = request.subject {
                let length = selection.selector.utf8.count
                try claim(length <= Limits.selectorBytes, "a selector of \(length) bytes")
            }
        case .unsubscribe:
            try claim(isSubscribed, "unsubscribed from nothing")
            isSubscribed = false
        case .mutate(let mutations): unanswered += mutations.count
        case .query(let query):
            try claim(!queries.contains(query.ticket), "a ticket twice")
            queries.append(query.ticket)
            try claim(queries.count <= Limits.openQueries, "\(queries.count) open queries")
        case .cancelQuery(let ticket):
            try claim(queries.contains(ticket), "cancelled what is not open")
        case .send(let message):
            let length = message.encoded().count
            try claim(length <= Limits.handshakeFrameBytes, "a message of \(length) bytes")
        case .pauseReading:
            try claim(!isPaused, "paused twice")
            isPaused = true
        case .resumeReading:
            try claim(isPaused, "resumed what reads")
            isPaused = false
        case .greet(let greeting):
            try claim(
                greeting.peer.actor.utf8.count <= Limits.nameBytes
                    && greeting.peer.client.utf8.count <= Limits.nameBytes, "a long name")
        case .close: try closes()
        case .sendPreface, .noteApplied, .noteDurable, .noteRefusal, .sendBareMark: break
        }
    }

    private mutating func closes() throws {
        isClosed = true
        try claim(!isSubscribed, "closed with a subscription")
        unanswered = 0
        queries = []
    }
}
