internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol
internal import SyncTransport

/// A connection of this node; it carries at most one subscription, whose ID is the same.
typealias ConnectionID = SubscriberID

/// Everything that lives on the serving event loop: the hub with its feeds, and the connections.
/// It carries out what the hub and the sessions decide, and takes back what other threads have
/// done. Nothing here blocks; no task or stream stands between a commit and a socket.
final class ServingLoop {
    let loop: any EventLoop
    private(set) var role: NodeRole
    let health: NodeHealth
    let logger: Logger
    let clock: WallClock
    let directory: String
    /// Who this node is to its upstream.
    let nodeID: NodeID?
    private(set) var hub: FeedHub
    /// Since the start; R58 wants them counted.
    private(set) var refusals: UInt64 = 0
    private(set) var closings = Closings()
    private(set) var connections: [ConnectionID: ServerConnection] = [:]
    private let pools: NodeReaders
    private let committer: CommitThread
    private(set) lazy var failover = Failover(self, pledge: initialPledge)
    private let initialPledge: Pledge
    /// Where this log's epochs began, newest first.
    private(set) var epochs: [Fork]
    /// Tails that left this log; only a start adds to them.
    let orphans: [OrphanFile]
    /// Answers wait in it for voters.
    private(set) var acks: AckLedger<CommitOutcome.Reply>
    /// Promotions that wait until this node has caught up.
    private var waiters: [(seq: Seq, promise: EventLoopPromise<Void>)] = []
    /// Control events that wait for voters.
    private var unacknowledged: [(seq: Seq, promise: EventLoopPromise<Void>)] = []
    let views: ViewThread
    private var catchUps: [SubscriberID: CatchUpTask] = [:]
    private let recentEvents: NIOLockedValueBox<RecentEvents>
    /// Subscriptions from ahead of this node, until it gets there (G7), or knows rights (G13).
    private var ahead: [ConnectionID: Seq] = [:]
    private var unflushed = FlushQueue<ServerConnection>()
    private var pace = PublishPace()
    private var nextID: UInt64 = 1
    /// Sockets that are open, served or not.
    let connectionCount: ConnectionCount
    var ledger: ConnectionLedger
    /// Who may come; nil for plain TCP.
    var security: ServingSecurity?
    var acceptStanding = AcceptStanding()
    private let plainEncoder = FrameEncoder()
    let limits: ServingLimits
    private let sessionClock: SessionClock
    private let startedAt: UInt64
    /// Said goodbye to, and not closed yet; with the moment when they are cut.
    private var lingering: [ConnectionID: (channel: any Channel, until: UInt64)] = [:]
    /// The address that others are told; empty until the node listens.
    private(set) var advertise = ""
    /// From the first event of the log to the last.
    private(set) var eventTimes: ClosedRange<Timestamp>?
    private var ticking: RepeatedTask?
    /// Given when a drain has begun; kept when the last connection is gone.
    private var emptied: EventLoopPromise<Void>?
    private var isDraining = false

    init(
        loop: any EventLoop, role: NodeRole, configuration: NodeConfiguration, hub: FeedHub,
        times: ClosedRange<Timestamp>?, nodeID: NodeID?, epochs: [Fork], pledge: Pledge,
        orphans: [OrphanFile], readers: NodeReaders, committer: CommitThread, views: ViewThread,
        health: NodeHealth
    ) {
        self.loop = loop
        self.role = role
        self.hub = hub
        eventTimes = times
        self.nodeID = nodeID
        self.epochs = epochs
        initialPledge = pledge
        self.orphans = orphans
        acks = AckLedger(membership: hub.view.membership, ownAddress: "")
        pools = readers
        self.committer = committer
        self.views = views
        self.health = health
        logger = configuration.logger
        clock = configuration.clock
        directory = configuration.directory
        security = configuration.security.map { ServingSecurity($0) }
        limits = configuration.limits
        recentEvents = NIOLockedValueBox(RecentEvents(byteLimit: hub.limits.recentEventBytes))
        sessionClock = configuration.sessionClock
        startedAt = configuration.sessionClock.milliseconds
        ledger = ConnectionLedger(limits: configuration.limits)
        connectionCount = ConnectionCount(
            limit: configuration.limits.connections + Limits.connectionsToldOff)
    }

    /// The node listens.
    func begin(advertise: String) {
        self.advertise = advertise
        acks = AckLedger(membership: hub.view.membership, ownAddress: advertise)
        if let event = hub.view.unknownEvent { logger.report(event) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ticking = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.tick()
        }
    }

    /// Milliseconds on a clock that never goes back: what sessions and feeds measure with.
    var now: UInt64 { sessionClock.milliseconds - startedAt }

    var readers: ReaderPool { pools.subscribers }
    func questions(_ kind: QuestionKind) -> ReaderPool { pools.questions(kind) }

    // MARK: Commits

    /// What the commit thread did: taken up and answered; published as soon as there is time.
    func take(_ outcome: CommitOutcome) {
        if let batch = outcome.batch {
            noteTime(of: batch)
            for piece in batch.cutAtRights(behind: hub.position) {
                hub.committed(piece)
                if piece.endsInRights { rightsChanged() }
            }
            let epochBefore = epochs.first?.epoch
            noteControl(of: batch)
            wakeWaiters()
            // Behind another epoch, whoever is ahead may be so of another history.
            let isSameReign = epochs.first?.epoch == epochBefore
            wakeThoseAhead(upTo: isSameReign ? hub.position.seq : Seq(.max))
            publishSoon()
        }
        if let epoch = outcome.begun { failover.begun(epoch) }
        for reply in outcome.replies { answer(reply) }
        flush()
    }

    /// What succeeded is answered when as many voters have it as must (G10): its event, or the one
    /// that it found standing.
    private func answer(_ reply: CommitOutcome.Reply) {
        let reach = acks.acknowledged
        if reach == Seq(.max) {
            connections[reply.connection]?.answer(reply.answers)
            return
        }
        var ready: [Answer] = []
        for answer in reply.answers {
            if answer.outcome == .failed || answer.seq <= reach {
                ready.append(answer)
            } else {
                acks.hold(
                    .init(connection: reply.connection, answers: [answer]), at: answer.seq,
                    until: now + limits.ackMilliseconds)
            }
        }
        if !ready.isEmpty { connections[reply.connection]?.answer(ready) }
    }

    private func noteControl(of batch: CommittedBatch) {
        for record in batch.records where record.item.kind == .control {
            if case .epoch(let epoch)? = try? record.item.control() {
                epochs.insert(Fork(epoch: epoch, firstSeq: record.seq), at: 0)
                epochs = Array(epochs.prefix(Limits.forks))
            }
        }
        guard hub.view.membership != acks.membership else { return }
        acks.took(hub.view.membership)
        failover.noteFallbacks()
        releaseAnswers()
    }

    /// A voter has this on its disk; or says where it begins, which is no more than it has.
    func noteStored(_ seq: Seq, by connection: ServerConnection) {
        guard role == .leader, let voter = PeerStanding.voter(connection.subscription) else {
            return
        }
        acks.noted(voter, stored: seq)
        releaseAnswers()
    }

    /// A voter said so in its hello, which this node asked for.
    func noteHeld(_ seq: Seq, at voter: ServerAddress) {
        acks.seen(voter.description, holding: seq)
        releaseAnswers()
    }

    private func releaseAnswers() {
        for reply in acks.release() { connections[reply.connection]?.answer(reply.answers) }
        wakeAcknowledged()
        failover.tidyMembership()
    }

    /// Succeeds when as many voters have the event as must (G10); fails when that takes too long.
    func acknowledged(_ seq: Seq) -> EventLoopFuture<Void> {
        guard acks.acknowledged < seq else { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        unacknowledged.append((seq, promise))
        let bound = NIOLoopBound(self, eventLoop: loop)
        let patience = TimeAmount.milliseconds(Int64(clamping: limits.ackMilliseconds))
        let deadline = loop.scheduleTask(in: patience) {
            let serving = bound.value
            serving.unacknowledged.removeAll { $0.promise.futureResult === promise.futureResult }
            promise.fail(
                MutationFailure.acksMissing(at: seq, count: serving.acks.missing(at: seq)))
        }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        return promise.futureResult
    }

    private func wakeAcknowledged() {
        let reach = acks.acknowledged
        let woken = unacknowledged.filter { $0.seq <= reach }
        unacknowledged.removeAll { $0.seq <= reach }
        for waiter in woken { waiter.promise.succeed() }
    }

    private func expireAnswers() {
        for held in acks.expire(at: now) {
            let failure = MutationFailure.acksMissing(
                at: held.seq, count: acks.missing(at: held.seq))
            fail(held, failure)
        }
    }

    /// This node leads no more; whether what waits is acknowledged, another will say.
    func giveUpHeldAnswers() {
        for held in acks.giveUp() {
            fail(held, .outcomeUnknown("stored at seq \(held.seq), and this node was deposed"))
        }
        let waiting = unacknowledged
        unacknowledged = []
        for (seq, promise) in waiting {
            promise.fail(
                MutationFailure.outcomeUnknown("stored at seq \(seq), and this node was deposed"))
        }
    }

    private func fail(_ held: AckLedger<CommitOutcome.Reply>.Held, _ failure: MutationFailure) {
        let answers = held.answers.answers.map { answer in
            var failed = failure.answer(ticket: answer.ticket)
            failed.seq = held.seq
            return failed
        }
        connections[held.answers.connection]?.answer(answers)
    }

    // MARK: Leading

    /// This node's own epoch has begun.
    func lead() {
        role = .leader
        health.update { report in
            report.leader = ""
            report.upstream = ""
            report.upstreamHead = .zero
            report.behindSince = nil
            report.parting = nil
            report.staleSince = nil
            report.path = []
        }
        tell(.staleness)
        // Nobody waits at a leader, which has all that there is (R34).
        wakeThoseAhead(upTo: Seq(.max))
    }

    /// Succeeds when this node holds the event, or when that has taken too long.
    func reached(_ seq: Seq, within patience: TimeAmount) -> EventLoopFuture<Void> {
        guard hub.position.seq < seq else { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        waiters.append((seq, promise))
        let bound = NIOLoopBound(self, eventLoop: loop)
        let deadline = loop.scheduleTask(in: patience) { bound.value.wakeWaiters(upTo: seq) }
        promise.futureResult.whenComplete { _ in deadline.cancel() }
        return promise.futureResult
    }

    private func wakeWaiters(upTo seq: Seq? = nil) {
        let reach = seq ?? hub.position.seq
        let woken = waiters.filter { $0.seq <= reach }
        waiters.removeAll { $0.seq <= reach }
        for waiter in woken { waiter.promise.succeed() }
    }

    /// Where those serve that replicate from this node.
    var followerAddresses: [String] {
        connections.values.compactMap { PeerStanding.voter($0.subscription) }
    }

    private func publishSoon() {
        guard hub.hasPending, let plan = pace.wanted(at: NIODeadline.now().uptimeNanoseconds)
        else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        switch plan {
        case .soon: loop.execute { bound.value.publish() }
        case .at(let due):
            loop.scheduleTask(deadline: .uptimeNanoseconds(due)) { bound.value.publish() }
        }
    }

    private func publish() {
        let spentBefore = ThreadTime.nanoseconds
        pace.begun()
        perform(hub.publish())
        flush()
        let cost = ThreadTime.nanoseconds &- spentBefore
        pace.ended(at: NIODeadline.now().uptimeNanoseconds, cost: cost)
    }

    private func noteTime(of batch: CommittedBatch) {
        guard let time = try? batch.records.last?.audit().time else { return }
        let first = min(eventTimes?.lowerBound ?? time, time)
        eventTimes = first...max(time, eventTimes?.upperBound ?? time)
    }

    func submit(_ mutations: [AdmittedMutation], from connection: ConnectionID) -> Bool {
        committer.submit(.mutate(connection, mutations))
    }

    /// Does it on the commit thread and comes back.
    func commit<Value: Sendable>(
        _ work: (@escaping ControlWork.Reply<Value>) -> ControlWork
    ) -> EventLoopFuture<Value> {
        let promise = loop.makePromise(of: Value.self)
        let isTaken = committer.submit(
            .control(work { promise.completeWith($0.mapError { $0 as any Error }) }))
        if !isTaken { promise.fail(MutationFailure.unavailable("this node is going down")) }
        return promise.futureResult
    }

    /// From the event that the hub has just taken up.
    private func rightsChanged() {
        for connection in Array(connections.values) { connection.rightsChanged() }
    }

    /// The subscription goes on with what its identity may hold now.
    func move(_ id: ConnectionID, to selection: Selection) {
        perform(hub.move(id, to: selection, at: now))
    }

    // MARK: Connections

    func makeConnection(_ channel: any Channel) -> ServerConnection {
        let id = ConnectionID(rawValue: nextID)
        nextID += 1
        let connection = ServerConnection(id: id, serving: self)
        connections[id] = connection
        lingering[id] = (channel, .max)
        let bound = NIOLoopBound(self, eventLoop: loop)
        channel.closeFuture.whenComplete { _ in bound.value.channelClosed(id) }
        if isDraining { loop.execute { bound.value.turnAway(id) } }
        return connection
    }

    /// Accepted while the node was beginning to drain.
    private func turnAway(_ id: ConnectionID) {
        guard let connection = connections[id] else { return }
        connection.drain(to: addressesElsewhere(for: connection))
    }

    /// A subscriber does not take something.
    func refused() { refusals += 1 }

    func noteClosing(_ end: SessionEnd, of peer: String?) {
        closings.note(end, of: peer, at: now, to: logger)
    }

    /// The session is over; the socket may have bytes to send yet.
    func remove(_ id: ConnectionID) {
        connections[id]?.leave()
        connections[id] = nil
        ahead[id] = nil
        lingering[id]?.until = now + limits.lingerMilliseconds
        perform(hub.unsubscribe(id, at: now))
        flush()
    }

    /// Its session is over before there was anything to say it with.
    func cut(_ id: ConnectionID) { lingering[id]?.channel.close(promise: nil) }

    /// The descriptor is given back.
    private func channelClosed(_ id: ConnectionID) {
        // It may have closed before anyone was told that it had opened.
        if connections[id] != nil { remove(id) }
        lingering[id] = nil
        connectionCount.leave()
        noteIfEmpty()
    }

    // MARK: Subscriptions

    /// A state subscription: its token is judged on a reader's thread, then the hub goes on.
    func subscribe(_ id: ConnectionID, _ selection: Selection, _ claim: PositionClaim) {
        // Not even to wait for: the hub would turn it away in the end.
        if let event = hub.view.unknownEvent { return turnAway(id, event) }
        judge(claim, for: id) { serving, standing in
            serving.begin(id, selection, claim, standing)
        }
    }

    private func begin(
        _ id: ConnectionID, _ selection: Selection, _ claim: PositionClaim,
        _ standing: PositionStanding
    ) {
        guard let connection = connections[id] else { return }
        // Rights have changed while the token was looked up.
        guard connection.access.given == selection else { return connection.subscribeAgain() }
        if standing.isWorthless, let rest = claim.withoutCursor {
            return subscribe(id, selection, rest)
        }
        let start: SubscriptionStart
        switch (standing, claim) {
        case (.none, _): start = .snapshot(.noToken)
        case (.otherLog, _): start = .snapshot(.otherLog)
        case (.otherHistory, _): start = .snapshot(.otherHistory)
        case (.otherSelection, _): start = .snapshot(.otherSelection)
        case (.ahead(let seq), _):
            ahead[id] = seq
            connection.wait(forSeq: seq, head: hub.position)
            return
        case (.here(let position), .cursor(let cursor, _, _)):
            start = .cursor(start: position, lastKey: cursor.last)
        case (.here(let position), .token), (.here(let position), .nothing):
            start = .resume(position)
        }
        connection.subscribed(to: selection)
        perform(hub.subscribe(id, to: selection, connection.deltaForm, start: start))
        connection.tellIfStale()
        flush()
    }

    /// A subscription to the log itself. A position that is not on this history cannot go on: a
    /// follower must not mix two histories (G4).
    func subscribeToLog(_ id: ConnectionID, _ claim: PositionClaim) {
        judge(claim, for: id) { serving, standing in
            guard let connection = serving.connections[id] else { return }
            switch standing {
            case .none: serving.beginLog(id, held: .origin(of: serving.hub.position.logID))
            case .here(let position): serving.beginLog(id, held: position)
            case .ahead(let seq):
                serving.ahead[id] = seq
                connection.wait(forSeq: seq, head: serving.hub.position)
            case .otherLog, .otherSelection:
                connection.refuse(
                    .logOther,
                    "this node holds log \(serving.hub.position.logID), not the one of the token")
            case .otherHistory: serving.refuseHistory(of: claim, for: id)
            }
        }
    }

    private func beginLog(_ id: ConnectionID, held: Position) {
        guard connections[id]?.access.allows(.replication) == true else { return }
        connections[id]?.subscribedToLog()
        if let connection = connections[id] { noteStored(held.seq, by: connection) }
        // Before anything by which a follower would think itself in touch.
        connections[id]?.tell(.path)
        perform(hub.subscribeToLog(id, held: held))
        connections[id]?.tellIfStale()
        flush()
    }

    private func judge(
        _ claim: PositionClaim, for id: ConnectionID,
        then: @escaping (ServingLoop, PositionStanding) -> Void
    ) {
        switch claim.standing(at: hub.position, role: role) {
        case .known(let standing): then(self, standing)
        case .look(let position):
            let bound = NIOLoopBound((self, claim, then), eventLoop: loop)
            let loop = loop
            readers.run { reader in
                let chain = reader.flatMap { reader in
                    Result { () throws(LogError) in try reader.chain(at: position.seq) }
                }
                loop.execute {
                    let (serving, claim, then) = bound.value
                    switch chain {
                    case .success(let there):
                        then(serving, claim.standing(of: position, chainThere: there))
                    case .failure(let error): serving.fail(id, error)
                    }
                }
            }
        }
    }

    /// It is served when this node holds what its upstream had at first.
    func awaitRights(_ id: ConnectionID) {
        ahead[id] = health.now.firstHead ?? hub.position.seq
    }

    private func wakeThoseAhead(upTo seq: Seq) {
        guard !ahead.isEmpty else { return }
        let reached = ahead.filter { $0.value <= seq }
        for id in reached.keys {
            ahead[id] = nil
            connections[id]?.subscribeAgain()
        }
    }

    /// The log could not be read for this connection: it is told and closed; others go on.
    func fail(_ id: ConnectionID, _ error: LogError) {
        logger.error("log cannot be read", error)
        connections[id]?.refuse(.unavailable, error.description)
    }

    // MARK: What the hub wants

    func flushed(_ id: ConnectionID, byteCount: Int) {
        perform(hub.flushed(id, byteCount: byteCount))
        flush()
    }

    private func perform(_ actions: [HubAction]) {
        for action in actions {
            switch action {
            case .write(let id, let buffer):
                guard let connection = connections[id] else { continue }
                connection.write(frames: buffer)
                unflushed.add(connection)
            case .buildFeed(let id, let selection, let state): build(id, selection, state)
            case .startCatchUp(let id, let request):
                catchUps[id] = CatchUpTask(request, limits: hub.limits, recent: recentEvents)
                makePage(id)
            case .continueCatchUp(let id): makePage(id)
            case .endCatchUp(let id): catchUps[id] = nil
            case .judgeFeed(let request): judge(request)
            case .reportDifference(let difference): logger.report(difference)
            case .reportUnknown(let event):
                logger.report(event)
                // Those who wait for a state wait in vain.
                wakeThoseAhead(upTo: Seq(.max))
            case .turnAway(let id, let event): turnAway(id, event)
            }
        }
    }

    private func turnAway(_ id: SubscriberID, _ event: UnknownEvent) {
        guard let connection = connections[id] else { return }
        connection.end(
            Goodbye(
                code: .eventUnknown, message: event.what,
                addresses: addressesElsewhere(for: connection)))
    }

    private func flush() {
        guard unflushed.begin() else { return }
        while let round = unflushed.nextRound() {
            for connection in round { connection.flush() }
        }
    }

    private func build(_ id: FeedID, _ selection: Selection, _ state: EndpointSet) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        readers.compute {
            let members = selection.members(of: state)
            loop.execute {
                bound.value.perform(bound.value.hub.feedBuilt(id, members: members))
                bound.value.flush()
            }
        }
    }

    private func judge(_ request: JudgingRequest) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        readers.compute {
            let verdict = request.judge()
            loop.execute {
                let serving = bound.value
                serving.perform(serving.hub.feedJudged(verdict, at: serving.now))
                serving.flush()
            }
        }
    }

    private func makePage(_ id: SubscriberID) {
        guard let task = catchUps[id] else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        readers.run { reader in
            let page = reader.mapError { $0 as any Error }.flatMap { reader in
                Result { try task.nextPage(reader) }
            }
            loop.execute { bound.value.pageMade(id, task, page) }
        }
    }

    private func pageMade(
        _ id: SubscriberID, _ task: CatchUpTask, _ page: Result<CatchUpPage, any Error>
    ) {
        // The subscriber may have gone, and its ID is never used again.
        guard catchUps[id] === task else { return }
        switch page {
        case .success(let page):
            if page.isLast { catchUps[id] = nil }
            perform(hub.pageMade(id, page))
            flush()
        case .failure(let error):
            catchUps[id] = nil
            logger.error("page not made", metadata: ["error": "\(error)"])
            connections[id]?.refuse(.unavailable, "\(error)")
        }
    }

    // MARK: Time

    /// Once a second.
    func tick() {
        perform(hub.ticked(at: now))
        for connection in connections.values { connection.tick() }
        cutLingering()
        expireAnswers()
        failover.tidyMembership()
        failover.lookAround()
        renewSecurity(.second)
        if catchUps.isEmpty { recentEvents.withLockedValue { $0.forget() } }
        flush()
    }

    private func cutLingering() {
        let now = now
        for (channel, until) in lingering.values where until <= now { channel.close(promise: nil) }
    }

    /// A mark for a subscriber whose feed was not touched for a while.
    func markAlong(_ id: SubscriberID) {
        perform(hub.markAlong(id))
        flush()
    }

    /// What the node is now, for hellos.
    var standing: NodeStanding {
        NodeStanding(
            server: Program.name, role: role, head: hub.position,
            leader: role == .leader ? advertise : health.now.leader,
            forks: epochs)
    }

    /// A session's clock.
    var instant: SyncProtocol.Instant { .init(milliseconds: Int64(now)) }

    /// Ready-made frames of answers, which are never compressed.
    func plainFrames(_ messages: [ServerMessage]) throws(FrameError) -> ByteBuffer {
        var buffer = ByteBuffer()
        for message in messages { buffer.writeImmutableBuffer(try plainEncoder.frame(message)) }
        return buffer
    }

    /// Whether this node is in touch with its upstream has changed, or where its log comes from:
    /// all subscribers are told, or those of the log.
    func tell(_ change: StandingChange) {
        for connection in connections.values { connection.tell(change) }
    }

    // MARK: Draining

    /// Where those who are told to leave may go: upwards in the tree, as far as that is known,
    /// then to the followers of this node. A follower is only sent upwards: two that were sent
    /// to each other would both be in touch, and both cut off from the leader.
    private func addressesElsewhere(for connection: ServerConnection) -> [String] {
        let report = health.now
        var candidates = [report.leader, report.upstream]
        if !connection.subscription.isLog {
            candidates += connections.values.map(\.subscription.advertise).sorted()
        }
        var addresses: [String] = []
        for address in candidates
        where !address.isEmpty && address != advertise && !addresses.contains(address) {
            addresses.append(address)
        }
        return addresses
    }

    /// Says goodbye to every connection, with where to go instead; done when all are gone.
    func drain() -> EventLoopFuture<Void> {
        isDraining = true
        publish()
        let promise = loop.makePromise(of: Void.self)
        emptied = promise
        let farewells = connections.values.map { ($0, addressesElsewhere(for: $0)) }
        for (connection, addresses) in farewells { connection.drain(to: addresses) }
        noteIfEmpty()
        return promise.futureResult
    }

    /// The drain's time is over: what is left is cut.
    func abandon() {
        logger.warning("connections cut", metadata: ["count": "\(lingering.count)"])
        for connection in Array(connections.values) { connection.cut() }
        for (channel, _) in lingering.values { channel.close(promise: nil) }
    }

    /// A connection counts until its socket is closed: a goodbye that is still on its way must
    /// not be lost with the event loop.
    private func noteIfEmpty() {
        guard connections.isEmpty, lingering.isEmpty, let promise = emptied else { return }
        emptied = nil
        ticking?.cancel()
        promise.succeed()
    }
}

extension CatchUpPage {
    /// Whether the task that made it has nothing more to say.
    fileprivate var isLast: Bool {
        switch self {
        case .frames: false
        case .last, .records, .snapshotIsCheaper: true
        }
    }
}

extension Logger {
    fileprivate func report(_ event: UnknownEvent) {
        error(
            "states are served no more: the log holds an event that this version does not know",
            metadata: ["code": "\(event.code)", "seq": "\(event.seq)", "type": "\(event.type)"])
    }

    fileprivate func report(_ difference: FeedDifference) {
        error(
            "a feed differed from the view, and is built anew (G6)",
            metadata: [
                "selection": "\(difference.selection)", "seq": "\(difference.seq)",
                "told": "\(difference.told)", "selected": "\(difference.verdict.selected)",
                "held": "\(difference.verdict.held)",
            ])
    }
}
