internal import EndpointModel
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

/// One connection to an upstream: its session decides, this carries out.
final class UpstreamConnection: PeerDriver {
    typealias Incoming = ServerMessage
    typealias Outgoing = ClientMessage

    let address: ServerAddress
    private(set) var logID: LogID?
    private var session: ClientSessionStateMachine
    private unowned let owner: UpstreamState
    private var link: PeerLink<ClientMessage>?
    private var staging: RecordStaging
    private var signs = SignsOfLife()
    /// Whether this end itself does not want to hear anything.
    private var isDeaf = false
    /// Why TLS has ended it.
    private(set) var fault: TLSFault?

    init(
        address: ServerAddress, session: ClientSessionStateMachine, staging: RecordStaging,
        owner: UpstreamState
    ) {
        self.address = address
        self.session = session
        self.staging = staging
        self.owner = owner
    }

    // MARK: From the socket

    func opened(_ link: PeerLink<ClientMessage>) {
        self.link = link
        // Given up while it was being dialed.
        guard !session.isClosed else { return link.close() }
        fault = revocation
        guard fault == nil else {
            // It is told nothing, not even who asks.
            link.close()
            return carryOut(session.connectionClosed())
        }
        carryOut(session.connected())
    }

    func received(_ message: ServerMessage) {
        if case .hello(let hello) = message { logID = hello.head.logID }
        carryOut(session.messageReceived(message, at: owner.instant))
    }

    func closed(_ reason: PeerClosure) {
        switch reason {
        case .frameMalformed(let error): carryOut(session.frameFaulted(error))
        case .messageMalformed(let error): carryOut(session.messageFaulted(error))
        case .insecure(let fault):
            self.fault = fault
            carryOut(session.connectionClosed())
        case .peerSpeaksTLS:
            fault = .tlsRequired(by: "\(address)")
            carryOut(session.connectionClosed())
        case .ended, .endedHere, .failed: carryOut(session.connectionClosed())
        }
        link = nil
    }

    // MARK: From the node

    func tick() {
        if let link {
            let shown = signs.shown(
                received: link.receivedBytes, taken: link.takenBytes, unsent: link.unsentBytes)
            if shown || isDeaf { session.bytesMoved(at: owner.instant) }
        }
        carryOut(session.ticked(at: owner.instant))
        leaveIfRevoked()
    }

    /// The lists may be others than when it was dialed.
    private func leaveIfRevoked() {
        guard fault == nil, let revocation else { return }
        fault = revocation
        carryOut(session.left(Goodbye(code: .certificateRevoked, message: revocation.what)))
        owner.ended(self, owner.afterRefusal)
    }

    /// Why the upstream's certificate is not good any more.
    private var revocation: TLSFault? {
        owner.security?.fault(of: link?.certificate)
    }

    func stored(_ position: Position) { carryOut(session.recordsStored(position)) }

    func refuse(_ refusal: Refusal) {
        carryOut(session.refused(refusal))
        carryOut(session.left())
        owner.ended(self, owner.afterRefusal)
    }

    /// - Parameter reason: For the log at the other end.
    func leave(because reason: String = "") {
        carryOut(session.left(Goodbye(code: .done, message: reason)))
    }
    func pause() {
        isDeaf = true
        link?.pauseReading()
    }
    func resume() {
        isDeaf = false
        link?.resumeReading()
    }

    // MARK: What the session wants

    private func carryOut(_ actions: [ClientSessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendPreface: link?.sendPreface()
            case .send(let message): link?.send(message)
            case .reportServer(let hello): owner.greeted(self, hello)
            case .reportResync: staging.drop()
            case .stageRecords(let records):
                if let portion = staging.stage(records.records) { owner.take(portion) }
            case .reportUnreadable(let error): owner.unreadable(self, error)
            case .commit(_, let position, _): owner.take(staging.marked(position))
            case .reportServerState(let state): owner.stateReceived(state, from: self)
            case .close(let end):
                owner.noteEnd(of: self, end)
                link?.closeAfterFlush()
            case .reconnect(let advice): owner.ended(self, advice)
            case .giveUp(let goodbye): owner.gaveUp(self, goodbye)
            case .reportInSync, .reportBehind: break  // Health tells both by the heads.
            case .stage, .deliver, .deliverPart, .reportOutcomeUnknown, .reportQueriesLost:
                break  // Of other roles: the session lets none of them through to this one.
            }
        }
    }
}
