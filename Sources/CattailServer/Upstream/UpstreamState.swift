internal import CattailClient
internal import DequeModule
internal import EndpointModel
internal import Logging
internal import NIOCore
internal import ReplicaCore
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
    private let clock: WallClock
    private let sessionClock: SessionClock
    /// Who this node says it is; nobody until it listens.
    private var replica = Replica(nodeID: nil, advertise: "")
    private var rota: ServerRota
    let afterRefusal: ReconnectAdvice
    private let stagingLimits: RecordStaging.Limits
    private var purpose = Purpose.nothing
    private var connection: UpstreamConnection?
    private var retry: Scheduled<Void>?
    private var ticking: RepeatedTask?
    private var committer: CommitThread?
    private var tell: (@Sendable (Timestamp?) -> Void)?
    private var mismatch: EventLoopPromise<Void>?
    /// Durable here.
    private var position: Position?
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
        clock = configuration.clock
        sessionClock = configuration.sessionClock
        var generator = SystemRandomNumberGenerator()
        rota = ServerRota(
            servers: configuration.upstream,
            pauses: configuration.limits.upstreamPauses, seed: generator.next())
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
        tell: @escaping @Sendable (Timestamp?) -> Void
    ) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        mismatch = promise
        self.replica = replica
        self.position = position
        self.committer = committer
        self.tell = tell
        submittedSeq = position.seq
        purpose = .replicate
        noteStale(clock.now())
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
        let session = ClientSessionStateMachine(
            hello: hello, pinnedLogID: position?.logID, at: instant)
        let dialed = UpstreamConnection(
            address: address, session: session, staging: RecordStaging(limits: stagingLimits),
            owner: self)
        connection = dialed
        let bound = NIOLoopBound((self, dialed), eventLoop: loop)
        ClientTransport.connect(to: address, on: loop, timeout: Self.connectTimeout) { _ in
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
                _ in bound.value.0.connection?.tick()
            }
        }
    }

    /// The connection is over, however that came.
    func ended(_ ended: UpstreamConnection, _ advice: ReconnectAdvice) {
        guard connection === ended else { return }
        connection = nil
        forgetSubmitted()
        if case .replicate = purpose, health.now.staleSince == nil {
            logger.warning("upstream lost", metadata: ["address": "\(ended.address)"])
            noteStale(clock.now())
        }
        // Not to the addresses that a goodbye names: they are for agents. Among them may be this
        // node itself, or one below it in the tree, and then nobody would follow the leader.
        let pause = max(TimeAmount(rota.pauseBeforeNext()), advice.after.timeAmount)
        let bound = NIOLoopBound(self, eventLoop: loop)
        retry = loop.scheduleTask(in: pause) { bound.value.dial() }
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
        case .goodbyeSent(let goodbye) where goodbye.code == .logOther:
            reason = "it has another log: \(goodbye.message)"
        case .goodbyeSent(let goodbye):
            guard goodbye.code != .done else { return }
            reason = "it broke the protocol, \(goodbye.code): \(goodbye.message)"
        case .goodbyeReceived(let goodbye): reason = "it said \(goodbye.code): \(goodbye.message)"
        case .prefaceMismatched: reason = "it speaks another protocol"
        case .connectionLost: reason = "the connection was lost"
        }
        logger.warning(
            "upstream link ended",
            metadata: ["address": "\(connection.address)", "reason": "\(reason)"])
    }

    /// The log there is not ours: no retry can mend that.
    func gaveUp(_ ended: UpstreamConnection, _ goodbye: Goodbye) {
        guard connection === ended else { return }
        connection = nil
        forgetSubmitted()
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
        health.update { report in
            report.leader = hello.leader
            report.upstream = connection.address.description
            report.upstreamHead = hello.head.seq
        }
        logger.info(
            "upstream reached",
            metadata: ["address": "\(connection.address)", "head": "\(hello.head.seq)"])
    }

    /// The upstream takes this node's position: from here on it is in touch.
    func resynced() {
        rota.succeeded()
        noteStale(nil)
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

    func stateReceived(staleSince: Timestamp?) { noteStale(staleSince) }

    /// What the current connection brought goes to the disk.
    func take(_ portion: RecordStaging.Portion) {
        guard let committer else { return }
        if let last = portion.records.last {
            submittedSeq = max(submittedSeq, last.seq)
            submittedBytes.append((last.seq, portion.byteCount))
            unstoredBytes += portion.byteCount
        }
        if let mark = portion.mark {
            health.update { $0.upstreamHead = max($0.upstreamHead, mark.seq) }
        }
        // A closed inbox means that the node is going down; upstream will be asked again.
        _ = committer.submit(.replicate(portion.records, mark: portion.mark))
        if isFull(.paused) { connection?.pause() }
    }

    // MARK: From the commit thread

    func stored(_ position: Position) {
        self.position = position
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

    func refuse(_ fault: IntakeFault) {
        connection?.refuse(
            Refusal(code: fault.code.rawValue, message: fault.reason, seq: fault.seq))
    }

    private var unstored: UInt64 {
        let stored = position?.seq ?? .zero
        return submittedSeq > stored ? submittedSeq.rawValue - stored.rawValue : 0
    }

    private func noteStale(_ since: Timestamp?) {
        guard health.now.staleSince != since else { return }
        health.update { $0.staleSince = since }
        tell?(since)
    }

    var instant: SyncProtocol.Instant {
        .init(milliseconds: Int64(clamping: sessionClock.milliseconds))
    }
}

extension Interval {
    fileprivate var timeAmount: TimeAmount { .milliseconds(milliseconds) }
}
