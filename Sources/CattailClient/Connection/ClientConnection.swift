internal import EndpointModel
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// What a connection tells the one that asked for it, on its event loop.
protocol ClientConnectionOwner: AnyObject {
    /// The server's hello came; everything may be sent now.
    func established(_ hello: ServerHello)
    /// A message that is legal where it came: any but hello, ping and pong. A goodbye is the last.
    func received(_ message: ServerMessage)
    /// Everything that one read brought was handed over.
    func receivedAll()
    /// The socket took mutations that were handed to it.
    func flushed()
    /// The connection is gone or never came about; nothing follows. Never told from inside a call
    /// of the owner's: a write that finds the socket broken must not pull the ground from under it.
    func ended(_ end: ConnectionEnd)
}

extension ClientConnectionOwner {
    func receivedAll() {}
    func flushed() {}
}

/// One connection to one server: its session decides what is legal and who is alive, this
/// carries it out and hands on what passed.
final class ClientConnection: PeerDriver {
    typealias Incoming = ServerMessage
    typealias Outgoing = ClientMessage

    let address: ServerAddress
    private let eventLoop: any EventLoop
    private let patience: TimeAmount
    private let tls: TLSCredentials?
    private var session: ClientSessionStateMachine
    private weak var owner: (any ClientConnectionOwner)?
    private var link: PeerLink<ClientMessage>?
    private var closure: PeerClosure?
    private var helloTimer: Scheduled<Void>?
    private var tick: Scheduled<Void>?
    private var signs = SignsOfLife()
    /// Whether this end itself does not want to hear anything.
    private var isDeaf = false
    /// Calls of the owner that are under way.
    private var callDepth = 0

    /// - Parameter patience: how long it may take to connect, and then until the server's hello.
    init(
        to address: ServerAddress, hello: ClientHello, tls: TLSCredentials?,
        patience: TimeAmount, on eventLoop: any EventLoop, owner: any ClientConnectionOwner
    ) {
        self.address = address
        self.patience = patience
        self.tls = tls
        self.eventLoop = eventLoop
        self.owner = owner
        session = ClientSessionStateMachine(hello: hello, at: Instant(eventLoop.now))
    }

    func dial() {
        let box = NIOLoopBound(self, eventLoop: eventLoop)
        ClientTransport.connect(to: address, on: eventLoop, timeout: patience, tls: tls) { _ in
            box.value
        }.assumeIsolated().whenFailure { error in
            self.over(
                (error as? TLSFault).map { .insecure($0) } ?? .notMade(NetworkText.of(error)))
        }
    }

    // MARK: Sending

    /// Whether anything sent now may arrive. It turns false inside a write that finds the socket
    /// broken, before the owner hears of the end.
    var isOpen: Bool { session.isOpen }

    /// Anything but requests, once the server's hello is here.
    func send(_ message: ClientMessage) {
        guard session.isOpen else { return }
        called { link?.send(message) }
    }

    func request(_ mutations: [Mutation]) {
        called { carryOut(session.mutationsRequested(mutations)) }
    }

    func request(_ query: Query) { called { carryOut(session.queryRequested(query)) } }

    /// Carries out a call of the owner's.
    private func called(_ body: () -> Void) {
        callDepth += 1
        body()
        callDepth -= 1
    }

    /// The measure of how far the server is behind with reading.
    var unsentBytes: Int { link?.unsentBytes ?? 0 }

    /// Stops listening: the server's writes will stall.
    func pauseReading() {
        isDeaf = true
        link?.pauseReading()
    }

    func resumeReading() {
        isDeaf = false
        link?.resumeReading()
    }

    /// Says goodbye and closes; the owner hears nothing more.
    func close(_ goodbye: Goodbye = Goodbye(code: .done)) {
        owner = nil
        stopTimers()
        carryOut(session.left(goodbye))
    }

    // MARK: PeerDriver

    func opened(_ link: PeerLink<ClientMessage>) {
        self.link = link
        // Given up while it was being dialed.
        guard !session.isClosed else { return link.close() }
        carryOut(session.connected())
        if isDeaf { link.pauseReading() }
        helloTimer = eventLoop.assumeIsolated().scheduleTask(in: patience) { [weak self] in
            guard let self else { return }
            self.carryOut(self.session.helloOverdue())
        }
        scheduleTick()
    }

    func received(_ message: ServerMessage) {
        guard !session.isClosed else { return }
        carryOut(session.messageReceived(message, at: Instant(eventLoop.now)))
        switch message {
        case .hello, .ping, .pong, .unknown: return
        case .goodbye:
            stopTimers()
            let owner = owner
            self.owner = nil
            owner?.received(message)
        case .resync, .changes, .records, .unreadable, .mark, .behind, .answers, .queryAnswer,
            .serverState:
            if !session.isClosed { owner?.received(message) }
        }
    }

    func receivedAll() { owner?.receivedAll() }
    func flushed(byteCount: Int) { owner?.flushed() }

    func closed(_ reason: PeerClosure) {
        closure = reason
        switch reason {
        case .frameMalformed(let error): carryOut(session.frameFaulted(error))
        case .messageMalformed(let error): carryOut(session.messageFaulted(error))
        case .ended, .endedHere, .insecure, .peerSpeaksTLS, .failed:
            carryOut(session.connectionClosed())
        }
        link = nil
    }

    // MARK: What the session wants

    private func carryOut(_ actions: [ClientSessionStateMachine.Action]) {
        var end: SessionEnd?
        for action in actions {
            switch action {
            case .sendPreface: link?.sendPreface()
            case .send(let message): carryOut(sending: message)
            case .reportServer(let hello): greeted(hello)
            case .close(let reason):
                end = reason
                link?.closeAfterFlush()
            case .reconnect, .giveUp: if let end { sessionEnded(end) }
            case .reportResync, .reportBehind, .stage, .stageRecords, .reportUnreadable, .commit,
                .reportInSync, .reportServerState, .deliver, .deliverPart, .reportOutcomeUnknown,
                .reportQueriesLost:
                break  // The owner is given the message itself, and keeps its own books.
            }
        }
    }

    /// Mutations are counted out of the socket, so that the next frame is made when there is
    /// room for it.
    private func carryOut(sending message: ClientMessage) {
        guard let link else { return }
        if case .mutations = message {
            link.write(frames: PlainFrame.make(message))
            link.flush()
        } else {
            link.send(message)
        }
    }

    private func greeted(_ hello: ServerHello) {
        helloTimer?.cancel()
        owner?.established(hello)
    }

    private func sessionEnded(_ end: SessionEnd) {
        switch end {
        case .goodbyeReceived: break  // The owner is given the goodbye.
        case .goodbyeSent(let goodbye) where [.silent, .helloLate].contains(goodbye.code):
            over(.silent)
        case .goodbyeSent(let goodbye):
            over(closure.map { .lost($0) } ?? .outOfOrder(goodbye.message))
        case .prefaceMismatched: over(.lost(.frameMalformed(.prefaceMismatch)))
        case .connectionLost: over(ConnectionEnd(closure ?? .ended, at: address))
        }
    }

    private func over(_ end: ConnectionEnd) {
        guard callDepth == 0 else {
            return eventLoop.assumeIsolated().execute { self.over(end) }
        }
        stopTimers()
        let owner = owner
        self.owner = nil
        owner?.ended(end)
    }

    // MARK: Time

    /// Looks when the session's deadline comes whether bytes moved meanwhile: cheaper than moving
    /// a deadline with every read.
    private func scheduleTick() {
        guard let deadline = session.deadline else { return }
        let wait = max(1, deadline.milliseconds - Instant(eventLoop.now).milliseconds)
        tick = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(wait)) { [weak self] in
            self?.ticked()
        }
    }

    private func ticked() {
        let now = Instant(eventLoop.now)
        if let link {
            let shown = signs.shown(
                received: link.receivedBytes, taken: link.takenBytes, unsent: link.unsentBytes)
            if shown || isDeaf { session.bytesMoved(at: now) }
        }
        carryOut(session.ticked(at: now))
        scheduleTick()
    }

    private func stopTimers() {
        helloTimer?.cancel()
        tick?.cancel()
    }
}

extension Instant {
    fileprivate init(_ deadline: NIODeadline) {
        self.init(milliseconds: Int64(clamping: deadline.uptimeNanoseconds / 1_000_000))
    }
}
