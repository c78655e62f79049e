package import EndpointModel

/// The client's end of one connection, of any role. It keeps the order of things: hello, resync,
/// changes, marks; answers to what was asked. What is held, and whether digests agree, is judged
/// by whoever carries out its actions.
///
/// Every input returns the actions to carry out, in order. After `close` every input is a legal
/// no-op: the socket's last events arrive when the session is over.
package struct ClientSessionStateMachine: Equatable, Sendable {
    enum State: Equatable, Sendable {
        /// Preface and hello are sent, the server's hello is not here. Exits: following, asking,
        /// closed.
        case awaitingHello(deadline: Instant)
        /// A subscriber. Exits: closed.
        case following(SubscriptionProgress)
        /// Asks and wishes. Exits: closed.
        case asking(OpenRequests)
        case closed(SessionEnd)
    }

    /// Tickets that wait for their answers.
    struct OpenRequests: Equatable, Sendable {
        var mutations: Set<UInt64> = []
        var queries: Set<UInt64> = []
    }

    let hello: ClientHello
    let pinnedLogID: LogID?
    var state: State
    var liveness: Liveness

    /// - Parameter pinnedLogID: the log that the caller insists on; any other ends the session.
    package init(
        hello: ClientHello, pinnedLogID: LogID? = nil,
        pingInterval: Interval = Limits.pingInterval, at now: Instant
    ) {
        self.hello = hello
        self.pinnedLogID = pinnedLogID
        state = .awaitingHello(deadline: now + Limits.helloDeadline)
        liveness = Liveness(interval: pingInterval, at: now)
    }

    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Whether the server's hello has come, so that requests may be sent.
    package var isOpen: Bool {
        switch state {
        case .following, .asking: true
        case .awaitingHello, .closed: false
        }
    }

    /// When `ticked` next has something to do; nil when never.
    package var deadline: Instant? {
        switch state {
        case .awaitingHello(let deadline): deadline
        case .following, .asking: liveness.deadline
        case .closed: nil
        }
    }

    // MARK: - What the connection tells

    /// The connection stands: the client speaks first, and does not wait for the server's preface.
    package func connected() -> [Action] { [.sendPreface, .send(.hello(hello))] }

    /// Bytes were read, or a socket that was full took more.
    package mutating func bytesMoved(at now: Instant) { liveness.moved(at: now) }

    package mutating func frameFaulted(_ error: FrameError) -> [Action] {
        if isClosed { return [] }
        if error == .prefaceMismatch {
            return end(.prefaceMismatched) + [.reconnect(ReconnectAdvice())]
        }
        return part(.malformed(error))
    }

    package mutating func messageFaulted(_ error: WireError) -> [Action] {
        isClosed ? [] : part(.malformed(error))
    }

    package mutating func connectionClosed() -> [Action] {
        isClosed ? [] : end(.connectionLost) + [.reconnect(ReconnectAdvice())]
    }

    package mutating func ticked(at now: Instant) -> [Action] {
        switch state {
        case .closed: return []
        case .awaitingHello(let deadline):
            return now >= deadline ? helloOverdue() : []
        case .following, .asking:
            switch liveness.judge(at: now) {
            case .alive: return []
            case .ping(let number): return [.send(.ping(number))]
            case .silent:
                return part(Goodbye(code: .silent, message: "nothing moved for too long"))
            }
        }
    }

    // MARK: - What the caller tells

    /// The server's hello is waited for no longer: at the deadline, or sooner where the caller has
    /// less patience. Once it is here this is a legal no-op.
    package mutating func helloOverdue() -> [Action] {
        guard case .awaitingHello = state else { return [] }
        return part(Goodbye(code: .helloLate, message: "no hello came in time"))
    }

    /// The caller is done, or has found the server to break a rule that takes what is held here
    /// to see.
    package mutating func left(_ goodbye: Goodbye = Goodbye(code: .done)) -> [Action] {
        if isClosed { return [] }
        return [.send(.goodbye(goodbye))] + end(.goodbyeSent(goodbye))
    }

    /// State: the mark is applied and its digest is as computed here (G6).
    package func marksApplied(_ position: Position, _ digest: StateDigest) -> [Action] {
        guard case .following(let progress) = state else { return [] }
        precondition(progress.role == .state, "digests of a log")
        return [.send(.applied(position, digest))]
    }

    /// Log: everything up to here is on disk.
    package func recordsStored(_ position: Position) -> [Action] {
        guard case .following(let progress) = state else { return [] }
        precondition(progress.role == .log, "records of a state")
        return [.send(.durable(position))]
    }

    /// What was sent cannot be taken.
    package func refused(_ refusal: Refusal) -> [Action] {
        guard case .following = state else { return [] }
        return [.send(.refusal(refusal))]
    }

    /// Tickets are unique among what is open. Before the hello and after the end nothing can be
    /// wished: the caller waits for `reportServer`.
    package mutating func mutationsRequested(_ mutations: [Mutation]) -> [Action] {
        guard case .asking(var open) = state else {
            return [.reportOutcomeUnknown(tickets: mutations.map(\.ticket))]
        }
        for mutation in mutations {
            precondition(open.mutations.insert(mutation.ticket).inserted, "a ticket twice")
        }
        state = .asking(open)
        return mutations.isEmpty ? [] : [.send(.mutations(mutations))]
    }

    package mutating func queryRequested(_ query: Query) -> [Action] {
        guard case .asking(var open) = state else {
            return [.reportQueriesLost(tickets: [query.ticket])]
        }
        precondition(open.queries.insert(query.ticket).inserted, "a ticket twice")
        state = .asking(open)
        return [.send(.query(query))]
    }

    /// The last part of a cancelled query still comes.
    package func cancelRequested(ticket: UInt64) -> [Action] {
        guard case .asking(let open) = state, open.queries.contains(ticket) else { return [] }
        return [.send(.cancel(ticket: ticket))]
    }

    // MARK: - Ends

    /// The server broke a rule, or is silent: says goodbye, closes, advises another try.
    mutating func part(_ goodbye: Goodbye) -> [Action] {
        let farewell = Action.send(.goodbye(goodbye))
        return [farewell] + end(.goodbyeSent(goodbye)) + [.reconnect(ReconnectAdvice())]
    }

    mutating func end(_ reason: SessionEnd) -> [Action] {
        var actions: [Action] = []
        if case .asking(let open) = state {
            if !open.mutations.isEmpty {
                actions.append(.reportOutcomeUnknown(tickets: open.mutations.sorted()))
            }
            if !open.queries.isEmpty {
                actions.append(.reportQueriesLost(tickets: open.queries.sorted()))
            }
        }
        state = .closed(reason)
        return actions + [.close(reason)]
    }

    /// Traps when this value contradicts itself; for tests.
    package func checkInvariants() {
        switch state {
        case .following(let progress):
            precondition(progress.role == hello.role, "a subscription of another role")
            precondition(hello.role != .requests, "a subscription to requests")
            if let held = progress.held, case .following(let resync, _) = progress.phase,
                !resync.how.replaces
            {
                precondition(progress.stagedSeq >= held.seq, "staged before what is held")
            }
        case .asking: precondition(hello.role == .requests, "requests on a subscription")
        case .awaitingHello, .closed: break
        }
        precondition(isClosed == (deadline == nil), "an open session without a deadline")
    }
}
