internal import EndpointModel
internal import EndpointState
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// Carries out what a subscription's state machine decides, on one event loop. It has no
/// opinions of its own.
final class SubscriptionRunner {
    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private let selection: Selection
    private let buffer: BoundedBuffer<EndpointUpdate>
    private let freshness: NIOLockedValueBox<Freshness>
    private var machine: SubscriberStateMachine
    private var connection: ClientConnection?
    private var pause: Scheduled<Void>?
    private var pressure = BufferPressure.low
    private var lastApplied: NIODeadline?

    init(
        configuration: ClientConfiguration, selection: Selection, held: HeldState,
        buffer: BoundedBuffer<EndpointUpdate>, freshness: NIOLockedValueBox<Freshness>,
        eventLoop: any EventLoop, seed: UInt64
    ) {
        self.configuration = configuration
        self.selection = selection
        self.buffer = buffer
        self.freshness = freshness
        self.eventLoop = eventLoop
        let rota = ServerRota(
            servers: configuration.servers, pauses: configuration.pauses, seed: seed)
        machine = SubscriberStateMachine(held: held, rota: rota)
    }

    func start() { carryOut(machine.started()) }

    func stop() {
        pause?.cancel()
        carryOut(machine.stopped())
        buffer.finish()
    }

    /// The subscriber has caught up with the buffer.
    func relieved() {
        guard case .high = pressure else { return }
        pressure = .low
        connection?.resumeReading()
    }

    func damageForTest(_ key: EndpointKey) -> Bool { machine.damageForTest(key) }

    private func carryOut(_ actions: [SubscriberStateMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let server): connect(to: server)
            case .send(let message): connection?.send(message)
            case .sayApplied(let position, let digest): sayApplied(position, digest)
            case .tell(let update): tell(update)
            case .disconnect:
                connection?.close()
                connection = nil
            case .pause(let duration): wait(duration)
            case .finish(let error): buffer.finish(error)
            }
        }
    }

    /// Once a second: a mark behind each commit is no reason to write as often.
    private func sayApplied(_ position: Position, _ digest: StateDigest) {
        let now = eventLoop.now
        if let lastApplied, now < lastApplied + .seconds(1) { return }
        lastApplied = now
        connection?.send(.applied(position, digest))
    }

    private func connect(to server: ServerAddress) {
        lastApplied = nil
        let hello = ClientHello(
            role: .state, client: configuration.program, actor: configuration.actor,
            selection: selection.wire, resume: machine.held.token, cursor: machine.held.cursor,
            capabilities: .patches)
        let connection = ClientConnection(
            to: server, hello: hello, patience: TimeAmount(configuration.timeout), on: eventLoop,
            owner: self)
        self.connection = connection
        connection.dial()
        if case .high = pressure { connection.pauseReading() }
    }

    private func tell(_ update: EndpointUpdate) {
        freshness.withLockedValue { $0.note(update, at: .wallClock()) }
        guard case .high = buffer.push(update), case .low = pressure else { return }
        pressure = .high
        connection?.pauseReading()
    }

    private func wait(_ duration: Duration) {
        pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
            guard let self else { return }
            self.carryOut(self.machine.pauseEnded())
        }
    }
}

extension SubscriptionRunner: ClientConnectionOwner {
    func established(_ hello: ServerHello) {
        freshness.withLockedValue { $0.heard(head: hello.head.seq, at: eventLoop.now) }
        carryOut(machine.helloReceived(hello))
    }

    func received(_ message: ServerMessage) { carryOut(machine.messageReceived(message)) }

    func receivedAll() {
        freshness.withLockedValue { $0.heard(at: eventLoop.now) }
    }

    func ended(_ end: ConnectionEnd) {
        guard let server = connection?.address else { return }
        connection = nil
        carryOut(machine.connectionEnded(end.error(at: server)))
    }
}

/// How fresh what is held is, as the subscriber may ask at any time.
struct Freshness: Sendable {
    private(set) var lastHeard: NIODeadline?
    private(set) var position: Position?
    private(set) var state = EndpointSet()
    private(set) var verifiedAt: Timestamp?
    private(set) var head = Seq.zero
    private(set) var isInSync = false

    init(held: HeldState) {
        position = held.position
        state = held.state
        head = held.position?.seq ?? .zero
    }

    mutating func heard(head: Seq? = nil, at now: NIODeadline) {
        lastHeard = now
        if let head { self.head = max(self.head, head) }
    }

    mutating func note(_ update: EndpointUpdate, at now: Timestamp) {
        switch update {
        case .changes(let changes):
            position = changes.mark.position
            state = changes.state
            head = isInSync ? changes.mark.seq : max(head, changes.mark.seq)
            if changes.mark.check == .verified { verifiedAt = now }
        case .status(.inSync(_, let seq)):
            isInSync = true
            head = seq
        case .status(.connecting), .status(.disconnected), .status(.digestDiffers),
            .status(.unverified), .status(.goodbye), .status(.resync):
            isInSync = false
        case .status(.behind), .status(.stale), .status(.cacheUnusable): break
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let sum = whole.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
        self = .nanoseconds(whole.overflow || sum.overflow ? .max : sum.partialValue)
    }
}
