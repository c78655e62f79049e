internal import EndpointModel

extension ClientSessionStateMachine {
    package mutating func messageReceived(_ message: ServerMessage, at now: Instant) -> [Action] {
        liveness.moved(at: now)
        switch state {
        case .awaitingHello: return beforeHello(message)
        case .following(let progress): return subscriptionSaid(message, progress)
        case .asking(let open): return answererSaid(message, open)
        case .closed: return []
        }
    }

    // MARK: - Hello

    private mutating func beforeHello(_ message: ServerMessage) -> [Action] {
        switch message {
        case .hello(let server): return helloReceived(server)
        case .goodbye(let goodbye): return goodbyeReceived(goodbye)
        // An empty body and a kind of a later version are no hello either (R4, R24).
        case .resync, .changes, .records, .unreadable, .mark, .behind, .answers, .queryAnswer,
            .serverState, .ping, .pong, .unknown:
            return part(.unexpected("\(message.name) before hello"))
        }
    }

    private mutating func helloReceived(_ server: ServerHello) -> [Action] {
        let versions = hello.versions
        guard (versions.lowest...max(versions.lowest, versions.highest)).contains(server.version)
        else {
            return part(.unexpected("version \(server.version) was not offered"))
        }
        if let excess = server.excess {
            return part(Goodbye(code: .limitExceeded, message: excess))
        }
        let found = server.head.logID
        if let pinnedLogID, pinnedLogID != found {
            let goodbye = Goodbye(
                code: .logOther, message: "the server has log \(found), not \(pinnedLogID)")
            return [.send(.goodbye(goodbye))] + end(.goodbyeSent(goodbye)) + [.giveUp(goodbye)]
        }
        switch hello.role {
        case .requests: state = .asking(OpenRequests())
        case .state, .log: state = .following(SubscriptionProgress(hello: hello, logID: found))
        }
        return [.reportServer(server)]
    }

    // MARK: - Subscriptions

    private mutating func subscriptionSaid(
        _ message: ServerMessage, _ progress: SubscriptionProgress
    ) -> [Action] {
        switch message {
        case .resync(let resync): return resyncReceived(resync, progress)
        case .changes(let changes):
            var unmarked = changes
            unmarked.mark = nil
            let stage = changes.changes.isEmpty ? [] : [Action.stage(unmarked)]
            return staged(progress, stage, mark: changes.mark) { $0.staged(changes.changes) }
        case .records(let records):
            var unmarked = records
            unmarked.mark = nil
            let stage = records.records.isEmpty ? [] : [Action.stageRecords(unmarked)]
            return staged(progress, stage, mark: records.mark) { $0.staged(records.records) }
        case .unreadable(let contents):
            return staged(progress, [.reportUnreadable(contents.error)], mark: nil) {
                switch contents.kind {
                case .changes: $0.staged([Change]())
                case .records: $0.staged([EncodedRecord]())
                }
            }
        case .mark(let mark): return staged(progress, [], mark: mark) { _ in nil }
        case .behind(let head):
            if let fault = progress.behindFault { return part(.unexpected(fault.what)) }
            return [.reportBehind(head: head)]
        case .hello, .answers, .queryAnswer:
            return part(.unexpected("\(message.name) on a subscription"))
        case .serverState, .ping, .pong, .goodbye, .unknown: return anyoneSaid(message)
        }
    }

    private mutating func resyncReceived(_ resync: Resync, _ progress: SubscriptionProgress)
        -> [Action]
    {
        var progress = progress
        switch progress.resynced(resync) {
        case .failure(let fault): return part(.unexpected(fault.what))
        case .success(let staged):
            state = .following(progress)
            return [.reportResync(resync, staged)]
        }
    }

    /// Stages, and commits when the batch ends here.
    private mutating func staged(
        _ progress: SubscriptionProgress, _ stage: [Action], mark: Mark?,
        _ check: (inout SubscriptionProgress) -> SessionFault?
    ) -> [Action] {
        var progress = progress
        if let fault = check(&progress) { return part(.unexpected(fault.what)) }
        guard let mark else {
            state = .following(progress)
            return stage
        }
        switch progress.marked(mark) {
        case .failure(let fault): return part(.unexpected(fault.what))
        case .success(let marked):
            state = .following(progress)
            let report =
                marked.isFirstInSync ? [Action.reportInSync(marked.position, marked.how)] : []
            return stage + [.commit(mark, at: marked.position, marked.how)] + report
        }
    }

    // MARK: - Requests

    private mutating func answererSaid(_ message: ServerMessage, _ open: OpenRequests) -> [Action] {
        switch message {
        case .answers(let answers):
            var open = open
            for answer in answers where open.mutations.remove(answer.ticket) == nil {
                return part(.unexpected("an answer to ticket \(answer.ticket), not asked"))
            }
            state = .asking(open)
            return answers.isEmpty ? [] : [.deliver(answers)]
        case .queryAnswer(let answer):
            guard open.queries.contains(answer.ticket) else {
                return part(.unexpected("a part for ticket \(answer.ticket), not asked"))
            }
            var open = open
            if answer.isLast { open.queries.remove(answer.ticket) }
            state = .asking(open)
            return [.deliverPart(answer)]
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind:
            return part(.unexpected("\(message.name) on a connection for requests"))
        case .serverState, .ping, .pong, .goodbye, .unknown: return anyoneSaid(message)
        }
    }

    // MARK: - Anyone

    private mutating func anyoneSaid(_ message: ServerMessage) -> [Action] {
        switch message {
        case .ping(let number): [.send(.pong(number))]
        case .goodbye(let goodbye): goodbyeReceived(goodbye)
        case .serverState(let state): [.reportServerState(state)]
        case .pong, .unknown: []
        case .hello, .resync, .changes, .records, .unreadable, .mark, .behind, .answers,
            .queryAnswer:
            preconditionFailure("\(message.name) belongs to a role")
        }
    }

    private mutating func goodbyeReceived(_ goodbye: Goodbye) -> [Action] {
        let ending = end(.goodbyeReceived(goodbye))
        if goodbye.code.isPermanent { return ending + [.giveUp(goodbye)] }
        let advice = ReconnectAdvice(
            addresses: goodbye.addresses,
            after: Interval(milliseconds: Int64(goodbye.retryAfterMilliseconds)))
        return ending + [.reconnect(advice)]
    }
}

extension ServerHello {
    /// The first field that is longer than its limit; nil when none is. A follower says some of it
    /// on to its own clients, in a hello that must stay small.
    fileprivate var excess: String? {
        let texts = [
            ("server", server, Limits.nameBytes), ("leader", leader, Limits.addressBytes),
        ]
        for (name, text, limit) in texts where text.utf8.count > limit {
            return "\(name) has \(text.utf8.count) bytes, at most \(limit)"
        }
        if forks.count > Limits.forks { return "\(forks.count) forks, at most \(Limits.forks)" }
        return nil
    }
}

extension ServerMessage {
    /// The schema's name of the message, for faults.
    package var name: String {
        switch self {
        case .hello: "hello"
        case .resync: "resync"
        case .changes: "changes"
        case .records: "records"
        case .unreadable(let contents):
            switch contents.kind {
            case .changes: "changes"
            case .records: "records"
            }
        case .mark: "mark"
        case .behind: "behind"
        case .answers: "answers"
        case .queryAnswer: "query_answer"
        case .serverState: "server_state"
        case .ping: "ping"
        case .pong: "pong"
        case .goodbye: "goodbye"
        case .unknown(let field): "unknown message \(field)"
        }
    }
}
