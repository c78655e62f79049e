internal import CattailClient
internal import EndpointModel
internal import EndpointState
internal import SyncProtocol
internal import SyncTransport

/// An agent's process: the client library's subscription, with what it held in its cache when it
/// comes back.
final class SimulatedAgent: ClientEndOwner {
    let name: String
    let wanted: Wanted
    private unowned let world: World
    private let servers: [String]
    private var dice: Dice
    private var machine: SubscriberStateMachine<HeldState>
    private var end: ClientEnd?
    private var pause: Timeline.Appointment?
    private var lastApplied: UInt64?
    /// What the subscriber was told last: that is what a cache file has.
    private var told: (state: EndpointSet, position: Position, fingerprint: Hash256)?
    private(set) var isInSync = false
    private(set) var isUp = false
    private var isDeaf = false

    private static let pauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(5))

    init(_ number: Int, _ world: World, _ wanted: Wanted, _ servers: [String], _ dice: Dice) {
        name = "agent-\(number)"
        self.world = world
        self.wanted = wanted
        self.servers = servers
        self.dice = dice
        machine = SubscriberStateMachine(
            held: HeldState(fingerprint: wanted.selection.fingerprint),
            rota: .to(servers, pauses: Self.pauses, seed: self.dice.next()))
    }

    // MARK: From the operator

    func start() {
        isUp = true
        carryOut(machine.started())
    }

    func stop() {
        pause?.cancel()
        carryOut(machine.stopped())
        isUp = false
        isInSync = false
    }

    enum Memory: String { case cache, nothing }

    /// The process ends and another begins, with what the cache has or with nothing.
    func restart(with memory: Memory) {
        stop()
        world.trace.note(name, "restarts with \(memory)")
        var held = HeldState(fingerprint: wanted.selection.fingerprint)
        if case .cache = memory, let told {
            held = HeldState(
                fingerprint: told.fingerprint, state: told.state, position: told.position)
        } else {
            told = nil
            world.history.forgot(self)
        }
        world.history.began(self)
        machine = SubscriberStateMachine(
            held: held, rota: .to(servers, pauses: Self.pauses, seed: dice.next()))
        start()
    }

    /// It does not read for so long.
    func sleep(_ microseconds: UInt64) {
        guard !isDeaf else { return }
        isDeaf = true
        end?.isDeaf = true
        world.timeline.after(microseconds) { [weak self] in
            self?.isDeaf = false
            self?.end?.isDeaf = false
        }
    }

    var position: Position? { told?.position }

    // MARK: What the subscription decides

    private func carryOut(_ actions: [SubscriberStateMachine<HeldState>.Action]) {
        for action in actions {
            switch action {
            case .connect(let server): connect("\(server)")
            case .send(let message): end?.send(message)
            case .sayApplied(let position, let digest): sayApplied(position, digest)
            case .tell(let update): tell(update)
            case .disconnect(let goodbye):
                end?.leave(goodbye)
                end = nil
            case .pause(let duration):
                pause = world.timeline.after(duration.microseconds) { [weak self] in
                    guard let self else { return }
                    carryOut(machine.pauseEnded())
                }
            case .finish(let error):
                world.history.finished(self, error.code)
                comeBackLater()
            }
        }
    }

    /// It has no right to anything, and whoever runs it starts it again.
    private func comeBackLater() {
        end = nil
        isInSync = false
        pause = world.timeline.after(dice.between(500_000, 3_000_000)) { [weak self] in
            self?.restart(with: .cache)
        }
    }

    private func connect(_ server: String) {
        lastApplied = nil
        let held = machine.held
        let hello = ClientHello(
            role: .state, client: "agent", actor: name, selection: wanted.request,
            resume: held.token, cursor: held.cursor, capabilities: .patches)
        world.history.says(hello, self, to: server)
        let end = ClientEnd(world, from: name, to: server, hello, owner: self)
        self.end = end
        end.isDeaf = isDeaf
        end.dial()
    }

    private func sayApplied(_ position: Position, _ digest: StateDigest) {
        let now = world.timeline.now
        if let lastApplied, now < lastApplied + 1_000_000 { return }
        lastApplied = now
        end?.send(.applied(position, digest))
    }

    private func tell(_ update: EndpointUpdate) {
        switch update {
        case .changes(let changes):
            told = (changes.state, changes.mark.position, changes.fingerprint)
            world.trace.note(
                name, "\(changes.changes.count) changes to \(changes.mark.seq)")
        case .status(let status): note(status)
        }
        world.history.told(self, update)
    }

    private func note(_ status: SubscriptionStatus) {
        switch status {
        case .inSync(let kind, let seq):
            isInSync = true
            world.trace.note(name, "in sync by \(kind.rawValue) at \(seq)")
        case .connecting, .disconnected, .digestDiffers, .unverified, .goodbye, .resync:
            isInSync = false
            if case .resync(let kind, let seq) = status {
                world.trace.note(name, "resync by \(kind.rawValue) from \(seq)")
            }
        case .behind, .stale, .cacheUnusable: break
        }
    }

    // MARK: From the connection

    func carryOut(_ action: ClientSessionStateMachine.Action, of end: ClientEnd) {
        guard end === self.end else { return }
        switch action {
        case .reportServer(let hello): carryOut(machine.helloReceived(hello))
        case .reconnect, .giveUp:
            self.end = nil
            carryOut(
                machine.connectionEnded(
                    ClientError(code: .unreachable, message: "the connection is gone")))
        case .sendPreface, .send, .close, .reportResync, .reportBehind, .stage, .stageRecords,
            .reportUnreadable, .commit, .reportInSync, .reportServerState, .deliver,
            .deliverPart, .reportOutcomeUnknown, .reportQueriesLost:
            break  // The subscription is given the message itself, and keeps its own books.
        }
    }

    func heard(_ message: ServerMessage, from end: ClientEnd) {
        guard end === self.end else { return }
        if case .hello = message { return }
        world.history.heard(message, self)
        carryOut(machine.messageReceived(message))
    }
}
