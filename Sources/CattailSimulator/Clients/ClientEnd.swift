internal import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// Who holds a client's end of a connection, of whatever role.
protocol ClientEndOwner: AnyObject {
    /// What the session wants beside writing and closing.
    func carryOut(_ action: ClientSessionStateMachine.Action, of end: ClientEnd)
    /// A message that the session found legal; a goodbye too.
    func heard(_ message: ServerMessage, from end: ClientEnd)
}

/// A client's end of one connection: its session decides, this carries out.
final class ClientEnd: SocketOwner {
    let address: String
    private let host: String
    private unowned let world: World
    private weak var owner: (any ClientEndOwner)?
    private var session: ClientSessionStateMachine
    private var decoder = FrameDecoder()
    private var socket: Socket?
    private var movedBytes: UInt64 = 0
    private var ticking: Timeline.Appointment?

    init(
        _ world: World, from host: String, to address: String, _ hello: ClientHello,
        pinned: LogID? = nil, owner: any ClientEndOwner
    ) {
        self.world = world
        self.host = host
        self.address = address
        self.owner = owner
        session = ClientSessionStateMachine(
            hello: hello, pinnedLogID: pinned, at: world.instant)
    }

    func dial() {
        world.network.dial(from: host, to: address) { [self] in dialed($0) }
    }

    private func dialed(_ socket: Socket?) {
        guard let socket else { return perform(session.connectionClosed()) }
        guard !session.isClosed else { return socket.reset(.told) }
        self.socket = socket
        socket.owner = self
        socket.isReading = !isDeaf
        perform(session.connected())
        tickLater()
    }

    var isOpen: Bool { session.isOpen }

    /// Whether this end itself does not want to hear anything.
    var isDeaf = false {
        didSet { socket?.isReading = !isDeaf }
    }

    // MARK: From the owner

    func send(_ message: ClientMessage) {
        guard session.isOpen else { return }
        write(message)
    }

    func request(_ mutations: [Mutation]) { perform(session.mutationsRequested(mutations)) }
    func ask(_ query: Query) { perform(session.queryRequested(query)) }
    func stored(_ position: Position) { perform(session.recordsStored(position)) }
    func refuse(_ refusal: Refusal) { perform(session.refused(refusal)) }

    /// Says goodbye; the owner hears nothing more.
    func leave(_ goodbye: Goodbye = Goodbye(code: .done)) {
        owner = nil
        ticking?.cancel()
        perform(session.left(goodbye))
    }

    // MARK: SocketOwner

    func received(_ bytes: ByteBuffer) {
        decoder.push(bytes)
        while !session.isClosed {
            do {
                guard let frame = try decoder.next() else { return }
                received(try ServerMessage(decoding: frame.body))
            } catch let error as FrameError {
                perform(session.frameFaulted(error))
            } catch let error as WireError {
                perform(session.messageFaulted(error))
            } catch { preconditionFailure("frames and messages fail with their own: \(error)") }
        }
    }

    private func received(_ message: ServerMessage) {
        let isGoodbye = if case .goodbye = message { true } else { false }
        // Whoever is said goodbye to is told before the end that follows from it.
        let owner = owner
        let actions = session.messageReceived(message, at: world.instant)
        if isGoodbye { owner?.heard(message, from: self) }
        perform(actions)
        session.checkInvariants()
        if !isGoodbye, !session.isClosed { owner?.heard(message, from: self) }
    }

    func flushed(byteCount: Int) {}

    func closed() {
        socket = nil
        perform(session.connectionClosed())
    }

    // MARK: What the session wants

    private func perform(_ actions: [ClientSessionStateMachine.Action]) {
        let owner = owner
        for action in actions {
            switch action {
            case .sendPreface: socket?.write(ByteBuffer(bytes: FrameFormat.preface))
            case .send(let message): write(message)
            case .close:
                ticking?.cancel()
                socket?.closeAfterFlush()
                socket = nil
                owner?.carryOut(action, of: self)
            case .reportServer, .reportResync, .reportBehind, .stage, .stageRecords,
                .reportUnreadable, .commit, .reportInSync, .reportServerState, .deliver,
                .deliverPart, .reportOutcomeUnknown, .reportQueriesLost, .reconnect, .giveUp:
                owner?.carryOut(action, of: self)
            }
        }
    }

    private func write(_ message: ClientMessage) { socket?.write(world.frame(message)) }

    private func tickLater() {
        ticking = world.timeline.after(1_000_000) { [weak self] in self?.tick() }
    }

    private func tick() {
        guard !session.isClosed else { return }
        let moved = socket?.movedBytes ?? 0
        if moved != movedBytes || isDeaf { session.bytesMoved(at: world.instant) }
        movedBytes = moved
        perform(session.ticked(at: world.instant))
        tickLater()
    }
}
