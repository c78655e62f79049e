internal import EndpointModel

extension ServerSessionStateMachine {
    /// A whole message came; `frameBytes` is what it took, inflated.
    package mutating func messageReceived(
        _ message: ClientMessage, frameBytes: Int, at now: Instant
    ) -> [Action] {
        liveness.moved(at: now)
        switch state {
        case .awaitingPreface: preconditionFailure("a message before the preface")
        case .awaitingHello:
            guard case .hello(let hello) = message else {
                return part(.unexpected("\(message.name) before hello"))
            }
            return helloReceived(hello, at: now)
        case .following(let following): return subscriberSaid(message, as: following.role)
        case .answering(let ledger): return requestReceived(message, frameBytes, ledger)
        case .finishing:
            // Read before reading stopped: the peer learns by the goodbye that it was not taken.
            return goodbyeOnly(message)
        case .closed: return []
        }
    }

    // MARK: - Hello

    private mutating func helloReceived(_ hello: ClientHello, at now: Instant) -> [Action] {
        guard let version = settings.versions.highestCommon(with: hello.versions) else {
            return part(unsupported(hello.versions))
        }
        if let excess = hello.excess {
            return part(Goodbye(code: .limitExceeded, message: excess))
        }
        let greeting = Greeting(
            version: version, capabilities: settings.capabilities,
            pingInterval: settings.pingInterval,
            peer: Peer(role: hello.role, client: hello.client, actor: hello.actor))
        switch hello.role {
        case .requests:
            state = .answering(RequestLedger())
            return [.greet(greeting)]
        case .state:
            let subject = SubscriptionRequest.Subject.state(hello.selection, cursor: hello.cursor)
            return [.greet(greeting), follow(hello, subject, at: now)]
        case .log:
            let subject = SubscriptionRequest.Subject.log(
                nodeID: hello.nodeID, advertise: hello.advertise)
            return [.greet(greeting), follow(hello, subject, at: now)]
        }
    }

    private mutating func follow(
        _ hello: ClientHello, _ subject: SubscriptionRequest.Subject, at now: Instant
    ) -> Action {
        state = .following(
            Following(role: hello.role, nextBareMark: now + settings.pingInterval))
        return .subscribe(
            SubscriptionRequest(
                subject: subject, resume: hello.resume,
                capabilities: hello.capabilities.intersection(settings.capabilities)))
    }

    private func unsupported(_ theirs: VersionRange) -> Goodbye {
        let ours = settings.versions
        return Goodbye(
            code: .versionUnsupported,
            message: "this server speaks versions \(ours.lowest) to \(ours.highest), the client "
                + "\(theirs.lowest) to \(theirs.highest): update the older one")
    }

    // MARK: - Subscribers

    private mutating func subscriberSaid(_ message: ClientMessage, as role: Role) -> [Action] {
        switch message {
        case .applied(let position, let digest) where role == .state:
            return [.noteApplied(position, digest)]
        case .durable(let position) where role == .log: return [.noteDurable(position)]
        case .refusal(let refusal): return [.noteRefusal(refusal)]
        case .ping, .pong, .goodbye, .unknown: return anyoneSaid(message)
        case .hello, .mutations, .query, .cancel, .applied, .durable:
            return part(.unexpected("\(message.name) on a subscription to \(role)"))
        }
    }

    // MARK: - Requests

    private mutating func requestReceived(
        _ message: ClientMessage, _ frameBytes: Int, _ ledger: RequestLedger
    ) -> [Action] {
        switch message {
        case .mutations(let mutations): return take(mutations, frameBytes, ledger)
        case .query(let query): return take(query, ledger)
        case .cancel(let ticket):
            // A query may end while its cancel is under way.
            return ledger.queries.contains(ticket) ? [.cancelQuery(ticket: ticket)] : []
        case .ping, .pong, .goodbye, .unknown: return anyoneSaid(message)
        case .hello, .applied, .durable, .refusal:
            return part(.unexpected("\(message.name) on a connection for requests"))
        }
    }

    private mutating func take(
        _ mutations: [Mutation], _ frameBytes: Int, _ ledger: RequestLedger
    ) -> [Action] {
        if mutations.isEmpty { return [] }
        var ledger = ledger
        let wasFull = ledger.isFull
        ledger.took(mutations: mutations.count, bytes: frameBytes)
        state = .answering(ledger)
        return [.mutate(mutations)] + (!wasFull && ledger.isFull ? [.pauseReading] : [])
    }

    private mutating func take(_ query: Query, _ ledger: RequestLedger) -> [Action] {
        if ledger.queries.contains(query.ticket) {
            return part(.unexpected("ticket \(query.ticket) is in use"))
        }
        if ledger.queries.count >= Limits.openQueries {
            return [.send(.queryAnswer(overloaded(query.ticket)))]
        }
        var ledger = ledger
        ledger.asked(ticket: query.ticket)
        state = .answering(ledger)
        return [.query(query)]
    }

    private func overloaded(_ ticket: UInt64) -> QueryAnswer {
        QueryAnswer(
            ticket: ticket,
            body: .failure(
                .overloaded,
                message: "\(Limits.openQueries) queries are open: wait for one to end"))
    }

    // MARK: - Anyone

    private mutating func anyoneSaid(_ message: ClientMessage) -> [Action] {
        if case .ping(let number) = message { return [.send(.pong(number))] }
        return goodbyeOnly(message)
    }

    private mutating func goodbyeOnly(_ message: ClientMessage) -> [Action] {
        if case .goodbye(let goodbye) = message { return end(.goodbyeReceived(goodbye)) }
        return []
    }
}

extension ClientMessage {
    /// The schema's name of the message, for faults.
    package var name: String {
        switch self {
        case .hello: "hello"
        case .mutations: "mutations"
        case .query: "query"
        case .cancel: "cancel"
        case .applied: "applied"
        case .durable: "durable"
        case .refusal: "refusal"
        case .ping: "ping"
        case .pong: "pong"
        case .goodbye: "goodbye"
        case .unknown(let field): "unknown message \(field)"
        }
    }
}

extension ClientHello {
    /// The first field that is longer than its limit, with its remedy; nil when none is.
    fileprivate var excess: String? {
        let texts: [(String, String, Int)] = [
            ("client", client, Limits.nameBytes), ("actor", actor, Limits.nameBytes),
            ("advertise", advertise, Limits.nameBytes),
            ("selector", selection.selector, Limits.selectorBytes),
            ("node", selection.node ?? "", Limits.nameBytes),
            ("namespace", selection.namespace ?? "", Limits.nameBytes),
        ]
        for (name, text, limit) in texts where text.utf8.count > limit {
            return "\(name) has \(text.utf8.count) bytes, at most \(limit)"
        }
        return nil
    }
}
