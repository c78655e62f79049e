package import EndpointModel

/// The server's end of one connection: who may say what, when to ping, when to stop reading, when
/// to part. It holds no feed and no answers; it says what to ask of them.
///
/// Every input returns the actions to carry out, in order. After `close` every input is a legal
/// no-op: the socket's last events arrive when the session is over.
package struct ServerSessionStateMachine: Equatable, Sendable {
    package struct Settings: Equatable, Sendable {
        package var versions: VersionRange
        package var capabilities: Capabilities
        package var pingInterval: Interval

        package init(
            versions: VersionRange = .ours, capabilities: Capabilities = [.patches],
            pingInterval: Interval = Limits.pingInterval
        ) {
            self.versions = versions
            self.capabilities = capabilities
            self.pingInterval = pingInterval
        }
    }

    enum State: Equatable, Sendable {
        /// Waits for the 8 bytes. Exits: awaitingHello, closed.
        case awaitingPreface(deadline: Instant)
        /// Waits for the client's hello. Exits: following, answering, closed.
        case awaitingHello(deadline: Instant)
        /// A subscriber; `log` or `state`. Exits: closed.
        case following(Following)
        /// Takes mutations and queries. Exits: finishing, closed.
        case answering(RequestLedger)
        /// Draining: reads nothing, waits for the last answers. Exits: closed.
        case finishing(RequestLedger, Goodbye)
        case closed(SessionEnd)
    }

    struct Following: Equatable, Sendable {
        let role: Role
        var nextBareMark: Instant
    }

    let settings: Settings
    var state: State
    var liveness: Liveness

    /// The connection was accepted.
    package init(settings: Settings = Settings(), at now: Instant) {
        self.settings = settings
        state = .awaitingPreface(deadline: now + Limits.helloDeadline)
        liveness = Liveness(interval: settings.pingInterval, at: now)
    }

    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// When `ticked` next has something to do; nil when never.
    package var deadline: Instant? {
        switch state {
        case .awaitingPreface(let deadline), .awaitingHello(let deadline): deadline
        case .following(let following): min(liveness.deadline, following.nextBareMark)
        case .answering, .finishing: liveness.deadline
        case .closed: nil
        }
    }

    // MARK: - What the connection tells

    package mutating func prefaceReceived(at now: Instant) -> [Action] {
        liveness.moved(at: now)
        guard case .awaitingPreface(let deadline) = state else { return [] }
        state = .awaitingHello(deadline: deadline)
        return [.sendPreface]
    }

    /// Bytes were read, or a socket that was full took more. Bytes that vanish into an empty
    /// socket buffer are no sign of life.
    package mutating func bytesMoved(at now: Instant) { liveness.moved(at: now) }

    package mutating func frameFaulted(_ error: FrameError) -> [Action] {
        switch state {
        case .closed: return []
        case .awaitingPreface: return end(.prefaceMismatched)
        case .awaitingHello, .following, .answering, .finishing:
            return part(.malformed(error))
        }
    }

    package mutating func messageFaulted(_ error: WireError) -> [Action] {
        isClosed ? [] : part(.malformed(error))
    }

    package mutating func connectionClosed() -> [Action] {
        isClosed ? [] : end(.connectionLost)
    }

    package mutating func ticked(at now: Instant) -> [Action] {
        switch state {
        case .closed: return []
        case .awaitingPreface(let deadline) where now >= deadline,
            .awaitingHello(let deadline) where now >= deadline:
            return part(
                Goodbye(
                    code: .helloLate,
                    message: "no hello within \(Limits.helloDeadline.milliseconds) ms"))
        case .awaitingPreface, .awaitingHello: return []
        case .following(var following):
            guard now >= following.nextBareMark else { return judgeLiveness(at: now) }
            following.nextBareMark = now + settings.pingInterval
            state = .following(following)
            let verdict = judgeLiveness(at: now)
            return isClosed ? verdict : [.sendBareMark] + verdict
        case .answering, .finishing: return judgeLiveness(at: now)
        }
    }

    private mutating func judgeLiveness(at now: Instant) -> [Action] {
        switch liveness.judge(at: now) {
        case .alive: []
        case .ping(let number): [.send(.ping(number))]
        case .silent: part(Goodbye(code: .silent, message: "nothing moved for too long"))
        }
    }

    // MARK: - What the node tells

    /// So many mutations were answered.
    package mutating func requestsAnswered(count: Int) -> [Action] {
        switch state {
        case .answering(var ledger):
            let wasFull = ledger.isFull
            ledger.answered(count: count)
            state = .answering(ledger)
            return wasFull && !ledger.isFull ? [.resumeReading] : []
        case .finishing(var ledger, let goodbye):
            ledger.answered(count: count)
            state = .finishing(ledger, goodbye)
            return ledger.isIdle ? part(goodbye) : []
        case .awaitingPreface, .awaitingHello, .following:
            preconditionFailure("answers without requests in \(state)")
        case .closed: return []
        }
    }

    /// The last part of a query's answer was sent.
    package mutating func queryEnded(ticket: UInt64) -> [Action] {
        switch state {
        case .answering(var ledger):
            ledger.queryEnded(ticket: ticket)
            state = .answering(ledger)
            return []
        case .finishing(var ledger, let goodbye):
            ledger.queryEnded(ticket: ticket)
            state = .finishing(ledger, goodbye)
            return ledger.isIdle ? part(goodbye) : []
        case .awaitingPreface, .awaitingHello, .following:
            preconditionFailure("a query's end without queries in \(state)")
        case .closed: return []
        }
    }

    /// The node goes away. A subscriber leaves at once (at a mark, if the caller waited for one);
    /// requests in hand are answered first.
    package mutating func drainBegun(addresses: [String]) -> [Action] {
        let goodbye = Goodbye(
            code: .draining, message: "the server is going away", addresses: addresses)
        switch state {
        case .answering(let ledger) where !ledger.isIdle:
            state = .finishing(ledger, goodbye)
            return ledger.isFull ? [] : [.pauseReading]
        case .awaitingPreface, .awaitingHello, .following, .answering: return part(goodbye)
        case .finishing, .closed: return []
        }
    }

    /// The feed cannot go on, or never began: an unknown selector, a right withdrawn.
    package mutating func feedEnded(_ goodbye: Goodbye) -> [Action] {
        isClosed ? [] : part(goodbye)
    }

    // MARK: - Ends

    /// Says goodbye, then closes.
    mutating func part(_ goodbye: Goodbye) -> [Action] {
        // Before the peer's preface nothing says that it would understand.
        if case .awaitingPreface = state { return end(.goodbyeSent(goodbye)) }
        return [.send(.goodbye(goodbye))] + end(.goodbyeSent(goodbye))
    }

    mutating func end(_ reason: SessionEnd) -> [Action] {
        var actions: [Action] = []
        switch state {
        case .following: actions.append(.unsubscribe)
        case .answering(let ledger), .finishing(let ledger, _):
            actions = ledger.queries.map { .cancelQuery(ticket: $0) }
        case .awaitingPreface, .awaitingHello, .closed: break
        }
        state = .closed(reason)
        return actions + [.close(reason)]
    }

    /// Traps when this value contradicts itself; for tests.
    package func checkInvariants() {
        switch state {
        case .following(let following):
            precondition(following.role != .requests, "a follower of requests")
        case .answering(let ledger): ledger.checkInvariants()
        case .finishing(let ledger, _):
            ledger.checkInvariants()
            precondition(!ledger.isIdle, "finishing with nothing in hand")
        case .awaitingPreface, .awaitingHello, .closed: break
        }
        precondition(isClosed == (deadline == nil), "an open session without a deadline")
    }
}
