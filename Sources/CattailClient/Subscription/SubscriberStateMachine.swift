package import EndpointModel
package import SyncProtocol
package import SyncTransport

/// A subscription as a value: what is dialed and when, what is held, what its owner is told. What
/// is held is the subject's affair: endpoints, or the end of a log.
///
/// | state | waits for | goes to |
/// |---|---|---|
/// | idle | `started` | connecting |
/// | connecting | a connection and the server's hello | awaitingResync, pausing, ended |
/// | awaitingResync | how the server goes on | streaming, pausing, ended |
/// | streaming | changes and marks | streaming, pausing, ended |
/// | pausing | the pause's end | connecting |
/// | ended | nothing | – |
package struct SubscriberStateMachine<Subject: SubscribedSubject>: Sendable {
    package enum State: Sendable {
        case idle
        case connecting(ServerAddress)
        case awaitingResync(ServerAddress)
        case streaming(Streaming)
        case pausing
        case ended
    }

    package struct Streaming: Sendable {
        package let server: ServerAddress
        package var kind: ResyncKind
        package var progress: Progress

        package enum Progress: Sendable {
            case catchingUp
            case inSync
        }
    }

    package enum Action: Sendable {
        case connect(ServerAddress)
        case send(ClientMessage)
        /// Tells the server what is held here, for its counters of G6: now and then is enough.
        case sayApplied(Position, StateDigest)
        case tell(Subject.Update)
        /// Says this goodbye and closes; the end of that connection is not reported any more.
        case disconnect(Goodbye)
        /// `pauseEnded` is due after this long.
        case pause(Duration)
        /// Nothing can mend it; nothing follows.
        case finish(ClientError)
    }

    /// So many differences in a row, and what is held is called unverified.
    private static var differencesUntilUnverified: Int { 3 }

    package private(set) var state = State.idle
    package private(set) var held: Subject
    private var rota: ServerRota
    private var differencesInARow = 0
    private var staleSince: Timestamp?
    private var actions: [Action] = []

    package init(held: Subject, rota: ServerRota) {
        self.held = held
        self.rota = rota
    }

    // MARK: Inputs

    package mutating func started() -> [Action] {
        guard case .idle = state else { return [] }
        connect()
        return takeActions()
    }

    package mutating func pauseEnded() -> [Action] {
        guard case .pausing = state else { return [] }
        connect()
        return takeActions()
    }

    package mutating func helloReceived(_ hello: ServerHello) -> [Action] {
        guard case .connecting(let server) = state else { return [] }
        staleSince = nil
        state = .awaitingResync(server)
        return []
    }

    package mutating func messageReceived(_ message: ServerMessage) -> [Action] {
        guard let server else { return [] }
        switch message {
        case .resync(let resync): resyncReceived(resync, from: server)
        case .changes(let changes): batchReceived(message, mark: changes.mark)
        case .records(let records): batchReceived(message, mark: records.mark)
        case .unreadable(let contents):
            diverged(.contentsMalformed(held.position?.seq ?? .zero, contents.error))
        case .mark(let mark): markReceived(mark)
        case .behind(let head): behindReceived(head.seq)
        case .serverState(let state): staleReceived(state.staleSince)
        case .goodbye(let goodbye): goodbyeReceived(goodbye, from: server)
        case .hello, .answers, .queryAnswer, .ping, .pong, .unknown: break
        }
        return takeActions()
    }

    package mutating func connectionEnded(_ error: ClientError) -> [Action] {
        switch state {
        case .idle, .pausing, .ended: return []
        case .connecting, .awaitingResync, .streaming:
            held.connectionEnded()
            tell(.disconnected(error))
            pauseOrConnect()
            return takeActions()
        }
    }

    /// The owner wants no more.
    package mutating func stopped() -> [Action] {
        switch state {
        case .ended: return []
        case .idle, .pausing: state = .ended
        case .connecting, .awaitingResync, .streaming:
            state = .ended
            actions.append(.disconnect(Goodbye(code: .done)))
        }
        return takeActions()
    }

    // MARK: The stream

    private mutating func resyncReceived(_ resync: Resync, from server: ServerAddress) {
        switch held.resyncReceived(resync) {
        case .announced(let kind):
            state = .streaming(.init(server: server, kind: kind, progress: .catchingUp))
            tell(.resync(kind, resync.start.seq))
        case .behind:
            tell(.behind(head: resync.start.seq))
            leave()
        case .diverged(let divergence): diverged(divergence)
        }
    }

    private mutating func batchReceived(_ message: ServerMessage, mark: Mark?) {
        switch held.stage(message) {
        case .staged: if let mark { markReceived(mark) }
        case .diverged(let divergence): diverged(divergence)
        }
    }

    private mutating func markReceived(_ mark: Mark) {
        guard case .streaming(var streaming) = state else {
            return diverged(.resyncMissing)
        }
        switch held.markReceived(mark) {
        case .diverged(let divergence): diverged(divergence)
        case .applied(let batch):
            let isProven = Subject.isProven(batch)
            if isProven {
                differencesInARow = 0
                rota.succeeded()
            }
            actions.append(.tell(Subject.update(batch)))
            if case .catchingUp = streaming.progress, mark.sync == .inSync {
                streaming.progress = .inSync
                state = .streaming(streaming)
                rota.succeeded()
                tell(.inSync(streaming.kind, mark.seq))
            }
            if isProven, let position = held.position, let digest = Subject.digest(of: batch) {
                actions.append(.sayApplied(position, digest))
            }
        }
    }

    /// This server has less than what is held here: another may have it, or this one will.
    private mutating func behindReceived(_ head: Seq) {
        tell(.behind(head: head))
        if rota.hasOthers { leave() }
    }

    private mutating func staleReceived(_ since: Timestamp?) {
        guard since != staleSince else { return }
        staleSince = since
        tell(.stale(since: since))
    }

    // MARK: Leaving

    /// What the server says cannot be built on what is held: it is told so, and what is held is
    /// fetched anew, after pauses that grow with each failure (G6).
    private mutating func diverged(_ divergence: Divergence) {
        held.forfeit()
        differencesInARow += 1
        switch divergence.answer {
        case .refusal(let code): refuse(code, divergence)
        case .goodbye: leave(breaking: divergence)
        }
        state = .pausing
        actions.append(.pause(rota.pause(round: differencesInARow)))
    }

    private mutating func refuse(_ code: String, _ divergence: Divergence) {
        tell(.digestDiffers(divergence.seq))
        if differencesInARow >= Self.differencesUntilUnverified {
            tell(.unverified(held.position?.seq ?? .zero))
        }
        let refusal = Refusal(
            code: code, message: divergence.description, seq: held.position?.seq ?? .zero)
        actions.append(.send(.refusal(refusal)))
        actions.append(.disconnect(Goodbye(code: .done)))
    }

    /// No digest was wrong, so nothing is said of what is held.
    private mutating func leave(breaking divergence: Divergence) {
        let name = server.map { "\($0): " } ?? ""
        tell(
            .disconnected(
                ClientError(told: .protocolBroken, name + divergence.description)))
        actions.append(
            .disconnect(Goodbye(code: .messageUnexpected, message: divergence.description)))
    }

    private mutating func goodbyeReceived(_ goodbye: Goodbye, from server: ServerAddress) {
        tell(.goodbye(code: goodbye.code.rawValue, message: goodbye.message))
        held.connectionEnded()
        if Subject.ends(on: goodbye.code) {
            state = .ended
            actions.append(.disconnect(Goodbye(code: .done)))
            actions.append(.finish(ClientError(goodbye, from: server)))
            return
        }
        rota.heed(goodbye, from: server)
        leave()
    }

    private mutating func leave() {
        held.connectionEnded()
        actions.append(.disconnect(Goodbye(code: .done)))
        pauseOrConnect()
    }

    private mutating func pauseOrConnect() {
        let pause = rota.pauseBeforeNext()
        guard pause > .zero else { return connect() }
        state = .pausing
        actions.append(.pause(pause))
    }

    private mutating func connect() {
        let server = rota.take()
        state = .connecting(server)
        tell(.connecting(server))
        actions.append(.connect(server))
    }

    // MARK: Inside

    private var server: ServerAddress? {
        switch state {
        case .connecting(let server), .awaitingResync(let server): server
        case .streaming(let streaming): streaming.server
        case .idle, .pausing, .ended: nil
        }
    }

    private mutating func tell(_ status: SubscriptionStatus) {
        actions.append(.tell(Subject.update(status)))
    }

    private mutating func takeActions() -> [Action] {
        let taken = actions
        actions = []
        return taken
    }
}

extension SubscriberStateMachine<HeldState> {
    /// For tests: see `HeldState.damageForTest`.
    package mutating func damageForTest(_ key: EndpointKey) -> Bool { held.damageForTest(key) }
}
