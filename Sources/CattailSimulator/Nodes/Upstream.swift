internal import CattailClient
internal import EndpointModel
internal import Feeds
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol
internal import SyncTransport

/// A follower's tie to whoever is above it in the tree.
final class Upstream: ClientEndOwner {
    private unowned let process: NodeProcess
    private let named: [String]
    private var fallbacks: [String] = []
    private var rota: ServerRota
    private var dialed: ServerAddress?
    private var end: ClientEnd?
    private var hello: ServerHello?
    private var staging = RecordStaging()
    private var position: Position
    private var retry: Timeline.Appointment?
    private var dials: UInt64 = 0
    private var isClosed = false
    private var isGreeted = false
    private var isInTouch = false
    private var upstreamStaleSince: Timestamp?
    private(set) var path: ReplicationPath
    private var patience = UpstreamPatience()
    /// How far the first upstream that was heard had come.
    private(set) var firstHead: Seq?

    private static let pauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3))
    private static let afterRefusal = ReconnectAdvice(after: Interval(milliseconds: 1_000))

    init(_ process: NodeProcess, named: [String], at position: Position) {
        self.process = process
        self.named = named
        self.position = position
        rota = .to(named, pauses: Self.pauses, seed: process.dice.next())
        path = ReplicationPath(own: Self.nodeID(of: process))
    }

    private static func nodeID(of process: NodeProcess) -> NodeID {
        NodeID(high: 7, low: UInt64(process.node.number))
    }

    func start() {
        process.staleSince = process.node.now
        dial()
    }

    func close() {
        isClosed = true
        retry?.cancel()
        end?.leave()
        end = nil
    }

    // MARK: Connections

    private func dial() {
        guard end == nil, !isClosed else { return }
        let token = position.seq == .zero ? nil : ResumeToken(position: position)
        let hello = ClientHello(
            role: .log, client: "node", actor: "follower", resume: token,
            nodeID: Self.nodeID(of: process),
            advertise: process.node.address)
        let address = rota.take()
        dials += 1
        dialed = address
        staging = RecordStaging()
        let end = ClientEnd(
            process.world, from: process.node.host, to: "\(address)", hello,
            pinned: position.logID, owner: self)
        self.end = end
        end.dial()
    }

    private func ended(_ ended: ClientEnd, _ advice: ReconnectAdvice) {
        guard end === ended else { return }
        end = nil
        hello = nil
        isGreeted = false
        isInTouch = false
        patience.lost()
        let before = path
        path.lost()
        if path != before { process.tellPath() }
        noteStale(process.staleSince ?? process.node.now)
        if let dialed { rota.leaveAlone(dialed, for: .milliseconds(advice.after.milliseconds)) }
        dialLater(rota.pauseBeforeNext())
    }

    private func dialLater(_ pause: Duration) {
        retry = process.world.timeline.after(pause.microseconds) { [weak self] in self?.dial() }
    }

    private func part(from end: ClientEnd, because reason: String) {
        process.world.trace.note(process.name, "leaves \(end.address): \(reason)")
        end.leave()
        ended(end, Self.afterRefusal)
    }

    func noteFallbacks(_ addresses: [String]) {
        let others = addresses.filter { !named.contains($0) }
        guard others != fallbacks else { return }
        fallbacks = others
        rota = .to(named + others, pauses: Self.pauses, seed: process.dice.next())
        guard end == nil, !isClosed else { return }
        retry?.cancel()
        dial()
    }

    func judgeAgain() {
        if let end, let hello { _ = isWelcome(end, hello) }
    }

    private func isWelcome(_ end: ClientEnd, _ hello: ServerHello) -> Bool {
        let isNamed = named.contains(end.address)
        guard isNamed || hello.role == .leader else {
            part(from: end, because: "it does not lead")
            return false
        }
        guard hello.head.logID != position.logID || process.failover.follows(hello, of: end.address)
        else {
            part(from: end, because: "it is not to be followed")
            return false
        }
        return true
    }

    func tick() {
        if let end, rota.hasOthers, patience.isOver(at: process.world.timeline.milliseconds) {
            part(from: end, because: "it has been cut off for long")
        }
    }

    // MARK: From the commit thread

    func stored(_ position: Position) {
        self.position = position
        progressed()
        end?.stored(position)
    }

    func refuse(_ fault: IntakeFault, from link: UInt64) {
        guard let end, link == dials else { return }
        end.refuse(
            Refusal(code: fault.code.rawValue, message: fault.reason, seq: fault.seq))
        part(from: end, because: "\(fault.code)")
    }

    // MARK: From the session

    func carryOut(_ action: ClientSessionStateMachine.Action, of end: ClientEnd) {
        guard end === self.end else { return }
        switch action {
        case .reportServer(let hello): greeted(end, hello)
        case .reportResync: staging.drop()
        case .stageRecords(let records):
            if let portion = staging.stage(records.records) { take(portion) }
        case .reportUnreadable(let error):
            process.world.history.unreadable(process.node, "\(error.code)")
            part(from: end, because: "\(error.code)")
        case .commit(_, let position, _): take(staging.marked(position))
        case .reportServerState(let state): stateReceived(state, from: end)
        case .reconnect(let advice): ended(end, advice)
        case .giveUp(let goodbye):
            process.world.trace.note(process.name, "upstream gives up: \(goodbye.code)")
            ended(end, Self.afterRefusal)
        case .sendPreface, .send, .close, .reportInSync, .reportBehind, .stage, .deliver,
            .deliverPart, .reportOutcomeUnknown, .reportQueriesLost:
            break
        }
    }

    func heard(_ message: ServerMessage, from end: ClientEnd) {
        if case .goodbye(let goodbye) = message {
            process.world.trace.note(process.name, "upstream says \(goodbye.code)")
        }
    }

    private func greeted(_ end: ClientEnd, _ hello: ServerHello) {
        self.hello = hello
        guard isWelcome(end, hello) else { return }
        isGreeted = true
        firstHead = firstHead ?? hello.head.seq
        upstreamStaleSince = nil
        process.leader = hello.leader
    }

    private func stateReceived(_ state: ServerState, from end: ClientEnd) {
        let before = path
        if let reason = path.heard(above: state.path) { return part(from: end, because: reason) }
        if path != before { process.tellPath() }
        patience.heard(
            isStale: state.staleSince != nil, at: process.world.timeline.milliseconds)
        upstreamStaleSince = state.staleSince
        if isInTouch { noteStale(state.staleSince) }
    }

    private func take(_ portion: RecordStaging.Portion) {
        guard let hello else { return }
        if portion.records.isEmpty, let mark = portion.mark, mark.seq == position.seq,
            mark.chain == position.chain
        {
            progressed()
        }
        process.submit(
            .replicate(
                Replicated(
                    portion.records, mark: portion.mark, from: hello.head.epoch, link: dials)))
    }

    private func progressed() {
        guard end != nil else { return }
        rota.succeeded()
        guard isGreeted, !isInTouch else { return }
        isInTouch = true
        noteStale(upstreamStaleSince)
    }

    private func noteStale(_ since: Timestamp?) {
        guard process.staleSince != since else { return }
        process.staleSince = since
        process.tellState()
    }
}

extension ServerRota {
    static func to(_ servers: [String], pauses: ClosedRange<Duration>, seed: UInt64)
        -> ServerRota
    {
        ServerRota(
            servers: servers.compactMap { ServerAddress($0) }, pauses: pauses, seed: seed)
    }
}

extension Duration {
    var microseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
    }
}
