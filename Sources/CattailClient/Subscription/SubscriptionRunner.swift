internal import EndpointModel
internal import EndpointState
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// Carries out what a subscription's state machine decides, on one event loop. It has no
/// opinions of its own.
final class SubscriptionRunner<Subject: SubscribedSubject> {
    private let eventLoop: any EventLoop
    private let configuration: ClientConfiguration
    private let hello: @Sendable (Subject) -> ClientHello
    private let buffer: BoundedBuffer<Subject.Update>
    private let observer: Observer
    private let machine: Machine
    private var connection: ClientConnection?
    private var pause: Scheduled<Void>?
    private var pressure = BufferPressure.low
    private var lastApplied: NIODeadline?

    /// Others than the event loop may look at what is held.
    typealias Machine = NIOLockedValueBox<SubscriberStateMachine<Subject>>

    /// Who is told beside the subscriber, on the event loop.
    struct Observer: Sendable {
        /// Before the subscriber is.
        var told: @Sendable (Subject.Update) -> Void = { _ in }
        /// Something came from a server; of a hello the seq of its head.
        var heard: @Sendable (Seq?, NIODeadline) -> Void = { _, _ in }
    }

    init(
        configuration: ClientConfiguration, machine: Machine,
        buffer: BoundedBuffer<Subject.Update>, eventLoop: any EventLoop,
        observer: Observer = Observer(),
        hello: @escaping @Sendable (Subject) -> ClientHello
    ) {
        self.configuration = configuration
        self.hello = hello
        self.buffer = buffer
        self.observer = observer
        self.eventLoop = eventLoop
        self.machine = machine
    }

    func start() { tellMachine { $0.started() } }

    func stop() {
        pause?.cancel()
        tellMachine { $0.stopped() }
        buffer.finish()
    }

    /// The subscriber has caught up with the buffer.
    func relieved() {
        guard case .high = pressure else { return }
        pressure = .low
        connection?.resumeReading()
    }

    private func tellMachine(
        _ input: (inout SubscriberStateMachine<Subject>) -> [SubscriberStateMachine<Subject>.Action]
    ) {
        carryOut(machine.withLockedValue(input))
    }

    private func carryOut(_ actions: [SubscriberStateMachine<Subject>.Action]) {
        for action in actions {
            switch action {
            case .connect(let server): connect(to: server)
            case .send(let message): connection?.send(message)
            case .sayApplied(let position, let digest): sayApplied(position, digest)
            case .tell(let update): tell(update)
            case .disconnect(let goodbye):
                connection?.close(goodbye)
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
        let connection = ClientConnection(
            to: server, hello: hello(machine.withLockedValue(\.held)),
            tls: configuration.credentials, patience: TimeAmount(configuration.timeout),
            on: eventLoop, owner: self)
        self.connection = connection
        connection.dial()
        if case .high = pressure { connection.pauseReading() }
    }

    private func tell(_ update: Subject.Update) {
        observer.told(update)
        guard case .high = buffer.push(update), case .low = pressure else { return }
        pressure = .high
        connection?.pauseReading()
    }

    private func wait(_ duration: Duration) {
        pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
            self?.tellMachine { $0.pauseEnded() }
        }
    }
}

extension SubscriptionRunner: ClientConnectionOwner {
    func established(_ hello: ServerHello) {
        observer.heard(hello.head.seq, eventLoop.now)
        tellMachine { $0.helloReceived(hello) }
    }

    func received(_ message: ServerMessage) { tellMachine { $0.messageReceived(message) } }

    func receivedAll() { observer.heard(nil, eventLoop.now) }

    func ended(_ end: ConnectionEnd) {
        guard let server = connection?.address else { return }
        connection = nil
        tellMachine { $0.connectionEnded(end.error(at: server)) }
    }
}

extension SubscriptionRunner<HeldState> {
    func damageForTest(_ key: EndpointKey) -> Bool {
        machine.withLockedValue { $0.damageForTest(key) }
    }
}

/// How fresh what is held is, as the subscriber may ask at any time.
struct Freshness: Sendable {
    private(set) var lastHeard: NIODeadline?
    private(set) var position: Position?
    private(set) var verifiedAt: Timestamp?
    private(set) var head = Seq.zero
    private(set) var isInSync = false

    init(held: HeldState) {
        position = held.position
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
