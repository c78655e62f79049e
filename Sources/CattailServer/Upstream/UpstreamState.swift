internal import CattailClient
internal import DequeModule
internal import EndpointModel
internal import Logging
internal import NIOCore
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol
internal import SyncTransport

/// The serving loop's half of the link to the upstream: which server is tried, what the session
/// of the current connection decides, and what is on its way to the disk.
final class UpstreamState {
    private enum Purpose {
        /// Only to learn which log there is.
        case ask(EventLoopPromise<LogID>)
        case replicate
        case nothing
    }

    private let loop: any EventLoop
    private let health: NodeHealth
    private let logger: Logger
    let security: NodeSecurity?
    private let clock: WallClock
    private let sessionClock: SessionClock
    /// Who this node says it is; nobody until it listens.
    private var replica = Replica(nodeID: nil, advertise: "")
    private var path = ReplicationPath(own: nil)
    private var patience = UpstreamPatience()
    private var rota: ServerRota
    private let named: [ServerAddress]
    private let pauses: ClosedRange<Duration>
    private var fallbacks: [ServerAddress] = []
    let afterRefusal: ReconnectAdvice
    private let stagingLimits: RecordStaging.Limits
    private var purpose = Purpose.nothing
    private var connection: UpstreamConnection?
    private var retry: Scheduled<Void>?
    /// Counts connections: the number of the one that stands, which its portions bear.
    private var dials: UInt64 = 0
    private var ticking: RepeatedTask?
    private var committer: CommitThread?
    private var tell: (@Sendable (StandingChange) -> Void)?
    private var judging: (@Sendable (ServerHello, ServerAddress) -> UpstreamVerdict)?
    /// Of the connection that stands.
    private var hello: ServerHello?
    private var mismatch: EventLoopPromise<Void>?
    /// Durable here.
    private var position: Position?
    private var lag = UpstreamLag(held: .zero)
    private var touch = Touch.lost
    /// The last end of a link that was told at level warning: what repeats itself is told once.
    private var lastTold: (address: ServerAddress, reason: String)?

    /// Whether this node is in touch with its upstream. To be reached is not enough: one that
    /// breaks the protocol in its next breath is not followed.
    private enum Touch {
        case lost
        /// With a connection that says nothing of use yet; and what it said of itself.
        case greeted(staleSince: Timestamp?)
        case inTouch
    }
    /// Handed to the commit thread.
    private var submittedSeq = Seq.zero
    /// What was handed over and is not durable yet, up to each seq.
    private var submittedBytes: Deque<(last: Seq, byteCount: Int)> = []
    private var unstoredBytes = 0

    /// Beyond either nothing is read from upstream until the disk has caught up.
    private static let unstoredEvents: UInt64 = 20_000
    private static let unstoredBytes = 32 << 20
    private static let connectTimeout = TimeAmount.seconds(5)

    init(_ configuration: NodeConfiguration, loop: any EventLoop, health: NodeHealth) {
        self.loop = loop
        self.health = health
        logger = configuration.logger
        security = configuration.security
        clock = configuration.clock
        sessionClock = configuration.sessionClock
        var generator = SystemRandomNumberGenerator()
        named = configuration.upstream
        pauses = configuration.limits.upstreamPauses
        rota = ServerRota(servers: named, pauses: pauses, seed: generator.next())
        afterRefusal = ReconnectAdvice(
            after: Interval(milliseconds: configuration.limits.refusalMilliseconds))
        stagingLimits = configuration.limits.staging
    }

    // MARK: Purposes

    func askForLog() -> EventLoopFuture<LogID> {
        let promise = loop.makePromise(of: LogID.self)
        purpose = .ask(promise)
        dial()
        return promise.futureResult
    }

    func start(
        at position: Position, as replica: Replica, committer: CommitThread,
        judging: @escaping @Sendable (ServerHello, ServerAddress) -> UpstreamVerdict,
        tell: @escaping @Sendable (StandingChange) -> Void
    ) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        mismatch = promise
        self.replica = replica
        path = ReplicationPath(own: replica.nodeID)
        self.position = position
        lag = UpstreamLag(held: position.seq)
        self.committer = committer
        self.tell = tell
        self.judging = judging
        submittedSeq = position.seq
        purpose = .replicate
        noteStale(clock.now())
        tellPath()
        dial()
        return promise.futureResult
    }

    func close() {
        purpose = .nothing
        retry?.cancel()
        ticking?.cancel()
        connection?.leave()
        connection = nil
        mismatch?.succeed()
        mismatch = nil
    }

    // MARK: Connections

    private func dial() {
        guard connection == nil else { return }
        let hello: ClientHello
        switch purpose {
        case .nothing: return
        case .ask: hello = ClientHello(role: .requests, client: Program.name, actor: "follower")
        case .replicate:
            guard let position else { return }
            let token = position.seq == .zero ? nil : ResumeToken(position: position)
            hello = ClientHello(
                role: .log, client: Program.name, actor: "follower", resume: token,
                nodeID: replica.nodeID, advertise: replica.advertise)
        }
        let address = rota.take()
        dials += 1
        let session = ClientSessionStateMachine(
            hello: hello, pinnedLogID: position?.logID, at: instant)
        let dialed = UpstreamConnection(
            address: address, session: session, staging: RecordStaging(limits: stagingLimits),
            owner: self)
        connection = dialed
        let bound = NIOLoopBound((self, dialed), eventLoop: loop)
        ClientTransport.connect(
            to: address, on: loop, timeout: Self.connectTimeout, tls: security?.credentials
        ) { _ in
            bound.value.1
        }.whenFailure { error in
            let (state, dialed) = bound.value
            state.logger.debug(
                "upstream not reached",
                metadata: ["address": "\(address)", "error": "\(error)"])
            state.ended(dialed, ReconnectAdvice())
        }
        if ticking == nil {
            ticking = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) {
                _ in bound.value.0.tick()
            }
        }
    }

    func tick() {
        connection?.tick()
        if let connection, rota.hasOthers, patience.isOver(at: sessionClock.milliseconds) {
            part(from: connection, because: "it has been cut off for long, and there are others")
        }
    }

    /// The connection is over, however that came.
    func ended(_ ended: UpstreamConnection, _ advice: ReconnectAdvice) {
        guard connection === ended else { return }
        connection = nil
        hello = nil
        forgetSubmitted()
        lose(ended.address)
        // Not to the addresses that a goodbye names: they are for agents. Among them may be this
        // node itself, or one below it in the tree, and then nobody would follow the leader.
        rota.leaveAlone(ended.address, for: .milliseconds(advice.after.milliseconds))
        let pause = TimeAmount(rota.pauseBeforeNext())
        let bound = NIOLoopBound(self, eventLoop: loop)
        retry = loop.scheduleTask(in: pause) { bound.value.dial() }
    }

    private func lose(_ address: ServerAddress) {
        touch = .lost
        patience.lost()
        path.lost()
        tellPath()
        guard case .replicate = purpose, health.now.staleSince == nil else { return }
        logger.warning("upstream lost", metadata: ["address": "\(address)"])
        noteStale(clock.now())
    }

    /// What was refused or could not be stored will be sent again, and counts no more; what the
    /// commit thread still stores of it is not counted twice.
    private func forgetSubmitted() {
        submittedSeq = position?.seq ?? .zero
        submittedBytes = []
        unstoredBytes = 0
    }

    /// Why a session ended, where the operator should know.
    func noteEnd(of connection: UpstreamConnection, _ end: SessionEnd) {
        let reason: String
        switch end {
        case .goodbyeSent where connection.fault != nil, .connectionLost:
            reason = connection.fault?.description ?? "the connection was lost"
        case .goodbyeSent(let goodbye) where goodbye.code == .logOther:
            reason = "it has another log: \(goodbye.message)"
        case .goodbyeSent(let goodbye):
            guard goodbye.code != .done else { return }
            reason = "it broke the protocol, \(goodbye.code): \(goodbye.message)"
        case .goodbyeReceived(let goodbye):
            reason = "it said \(goodbye.code): \(goodbye.message)"
            if goodbye.code == .historyOther { part(from: connection, "\(goodbye.message)") }
        case .prefaceMismatched: reason = "it speaks another protocol"
        }
        note(connection.address, reason)
    }

    private func note(_ address: ServerAddress, _ reason: String) {
        let isNews = lastTold?.address != address || lastTold?.reason != reason
        lastTold = (address, reason)
        logger.log(
            level: isNews ? .warning : .debug, "upstream link ended",
            metadata: ["address": "\(address)", "reason": "\(reason)"])
    }

    /// The upstream's history and this node's are two (G4): said where, as far as it is known.
    private func part(from connection: UpstreamConnection, _ reason: String) {
        guard let position else { return }
        let parting = Parting(
            held: position, upstream: connection.address.description, reason: reason)
        guard health.now.parting != parting else { return }
        health.update { $0.parting = parting }
        logger.error(
            "upstream's history is another",
            metadata: [
                "code": "\(Parting.code)", "address": "\(connection.address)",
                "seq": "\(position.seq)", "chain": "\(position.chain)", "reason": "\(reason)",
            ])
    }

    /// The log there is not ours: no retry can mend that.
    func gaveUp(_ ended: UpstreamConnection, _ goodbye: Goodbye) {
        guard connection === ended else { return }
        connection = nil
        hello = nil
        forgetSubmitted()
        lose(ended.address)
        logger.error(
            "upstream refused",
            metadata: ["address": "\(ended.address)", "reason": "\(goodbye.message)"])
        if let own = position?.logID, goodbye.code == .logOther {
            mismatch?.fail(
                UpstreamMismatch(own: own, upstream: ended.logID.map { "log \($0)" } ?? "another"))
            mismatch = nil
        } else {
            let pause = TimeAmount(rota.pauseBeforeNext())
            let bound = NIOLoopBound(self, eventLoop: loop)
            retry = loop.scheduleTask(in: max(pause, .seconds(1))) { bound.value.dial() }
        }
    }

    // MARK: From the session

    func greeted(_ connection: UpstreamConnection, _ hello: ServerHello) {
        if case .ask(let promise) = purpose {
            purpose = .nothing
            self.connection = nil
            connection.leave()
            rota.succeeded()
            promise.succeed(hello.head.logID)
            return
        }
        self.hello = hello
        guard isWelcome(connection, hello) else { return }
        lag.greeted(head: hello.head.seq, at: clock.now())
        touch = .greeted(staleSince: nil)
        health.update { report in
            report.leader = hello.leader
            report.upstream = connection.address.description
            report.upstreamHead = hello.head.seq
            report.firstHead = report.firstHead ?? hello.head.seq
            report.behindSince = lag.behindSince
        }
        logger.debug(
            "upstream reached",
            metadata: ["address": "\(connection.address)", "head": "\(hello.head.seq)"])
    }

    // MARK: Whom to follow

    /// An address that nobody named for this node is followed only if it leads: two followers
    /// that followed each other would both be in touch, and both cut off from the leader.
    private func isWelcome(_ connection: UpstreamConnection, _ hello: ServerHello) -> Bool {
        if !named.contains(connection.address), hello.role != .leader {
            part(from: connection, because: "it does not lead")
            return false
        }
        guard hello.head.logID == position?.logID,
            case .refuse(let reason)? = judging?(hello, connection.address)
        else { return true }
        part(from: connection, because: reason)
        return false
    }

    private func part(from connection: UpstreamConnection, because reason: String) {
        note(connection.address, reason)
        connection.leave(because: reason)
        ended(connection, afterRefusal)
    }

    func judgeAgain() {
        if let connection, let hello { _ = isWelcome(connection, hello) }
    }

    func noteFallbacks(_ addresses: [ServerAddress]) {
        let others = addresses.filter { !named.contains($0) }
        guard others != fallbacks else { return }
        fallbacks = others
        var generator = SystemRandomNumberGenerator()
        rota = ServerRota(servers: named + others, pauses: pauses, seed: generator.next())
        // The pause that runs was for those that were known.
        guard connection == nil, case .replicate = purpose else { return }
        retry?.cancel()
        dial()
    }

    /// What the upstream said was stored, or found to be held: only that is being in touch, and
    /// only that makes the pauses short again.
    private func progressed() {
        guard connection != nil else { return }
        rota.succeeded()
        guard case .greeted(let upstreamStaleSince) = touch else { return }
        touch = .inTouch
        lastTold = nil
        health.update { $0.parting = nil }
        logger.info(
            "upstream followed",
            metadata: ["upstream": "\(health.now.upstream)", "seq": "\(position?.seq ?? .zero)"])
        noteStale(upstreamStaleSince)
    }

    /// What came is not canonical. This node's own log stays the ground to build on: its chain
    /// was checked (R15).
    func unreadable(_ connection: UpstreamConnection, _ error: WireError) {
        logger.error(
            "upstream's records refused",
            metadata: ["address": "\(connection.address)", "fault": "\(error)"])
        connection.refuse(
            Refusal(code: error.code, message: error.description, seq: position?.seq ?? .zero))
    }

    /// The upstream is itself cut off, or not any more; or its log comes another way.
    func stateReceived(_ state: ServerState, from connection: UpstreamConnection) {
        if let reason = path.heard(above: state.path) {
            part(from: connection, because: reason)
            return
        }
        tellPath()
        patience.heard(isStale: state.staleSince != nil, at: sessionClock.milliseconds)
        switch touch {
        case .lost: break
        case .greeted: touch = .greeted(staleSince: state.staleSince)
        case .inTouch: noteStale(state.staleSince)
        }
    }

    /// What the current connection brought goes to the disk.
    func take(_ portion: RecordStaging.Portion) {
        guard let committer, let hello else { return }
        if let newest = portion.mark?.seq ?? portion.records.last?.seq {
            lag.heard(head: newest, at: clock.now())
            health.update { $0.behindSince = lag.behindSince }
        }
        if portion.records.isEmpty, let mark = portion.mark, mark.seq == position?.seq,
            mark.chain == position?.chain
        {
            progressed()
        }
        if let last = portion.records.last {
            submittedSeq = max(submittedSeq, last.seq)
            submittedBytes.append((last.seq, portion.byteCount))
            unstoredBytes += portion.byteCount
        }
        if let mark = portion.mark {
            health.update { $0.upstreamHead = max($0.upstreamHead, mark.seq) }
        }
        // A closed inbox means that the node is going down; upstream will be asked again.
        _ = committer.submit(
            .replicate(
                Replicated(
                    portion.records, mark: portion.mark, from: hello.head.epoch, link: dials)))
        if isFull(.paused) { connection?.pause() }
    }

    // MARK: From the commit thread

    func stored(_ position: Position) {
        self.position = position
        lag.stored(position.seq)
        health.update { $0.behindSince = lag.behindSince }
        progressed()
        while let first = submittedBytes.first, first.last <= position.seq {
            unstoredBytes -= first.byteCount
            submittedBytes.removeFirst()
        }
        connection?.stored(position)
        if !isFull(.resumed) { connection?.resume() }
    }

    private enum Threshold: Int {
        case resumed = 2
        case paused = 1
    }

    private func isFull(_ threshold: Threshold) -> Bool {
        unstored > Self.unstoredEvents / UInt64(threshold.rawValue)
            || unstoredBytes > Self.unstoredBytes / threshold.rawValue
    }

    func refuse(_ fault: IntakeFault, from link: UInt64) {
        // It may have been lost meanwhile, and the next one has no part in it.
        guard let connection, link == dials else { return }
        if fault.code == .historyDiffers { part(from: connection, "\(fault)") }
        connection.refuse(
            Refusal(code: fault.code.rawValue, message: fault.reason, seq: fault.seq))
    }

    private var unstored: UInt64 {
        let stored = position?.seq ?? .zero
        return submittedSeq > stored ? submittedSeq.rawValue - stored.rawValue : 0
    }

    private func noteStale(_ since: Timestamp?) {
        guard health.now.staleSince != since else { return }
        health.update { $0.staleSince = since }
        tell?(.staleness)
    }

    private func tellPath() {
        guard health.now.path != path.nodes else { return }
        health.update { $0.path = path.nodes }
        tell?(.path)
    }

    var instant: SyncProtocol.Instant {
        .init(milliseconds: Int64(clamping: sessionClock.milliseconds))
    }
}
