internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import NIOCore
internal import Projection
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// A node's process: the real hub, sessions, committers, log and views, with what threads and
/// loops do around them done by the timeline. It has no opinions of its own about what is true.
final class NodeProcess {
    unowned let node: SimulatedNode
    unowned let world: World
    let name: String
    private(set) var isDead = false
    private(set) var role: NodeRole
    var hub: FeedHub
    var acks: AckLedger<CommitOutcome.Reply>
    private var files: NodeFiles?
    private var committer: NodeCommitter?
    private var pending: PendingChanges
    var dice: Dice
    private(set) var epochs: [Fork]
    private(set) var pledge: Pledge
    private(set) var upstream: Upstream?
    private(set) lazy var failover = SimulatedFailover(self)
    /// As far as this node knows.
    var leader = ""
    var staleSince: Timestamp?
    var connections: [UInt64: ServerEnd] = [:]
    private var nextID: UInt64 = 1
    private var inbox: [CommitWork] = []
    /// Of what the commit thread does now; and what is between it and the loop.
    private var returning: [Returned] = []
    private var onTheWay: [Returned] = []
    private var admitted: [(SubscriberID, [AdmittedMutation])] = []
    private var refused: [(ServerEnd, [Answer])] = []
    private var isCommitPlanned = false
    private var isPublishPlanned = false
    private var rest: Timeline.Appointment?
    var ahead: [UInt64: Seq] = [:]
    var catchUps: [UInt64: Pager] = [:]
    var recent: RecentEvents
    private var waiters: [(seq: Seq, wake: () -> Void)] = []

    /// One subscriber's way through the log; a later one of the same is another.
    final class Pager {
        var pager: CatchUpPager
        init(_ pager: CatchUpPager) { self.pager = pager }
    }

    init(_ node: SimulatedNode, _ files: NodeFiles, _ role: NodeRole, _ dice: Dice) {
        self.node = node
        world = node.world
        name = node.host
        self.role = role
        self.files = files
        self.dice = dice
        let view = files.views.view.view
        hub = FeedHub(position: files.position, view: view, limits: node.world.scenario.feeds)
        acks = AckLedger(membership: view.membership, ownAddress: node.address)
        epochs = files.epochs
        pledge = files.pledge
        pending = files.views.pending
        recent = RecentEvents(byteLimit: hub.limits.recentEventBytes)
        committer = hands(files, view)
    }

    private func hands(_ files: NodeFiles, _ view: EndpointView) -> NodeCommitter {
        let me = SingleThreaded(self)
        let health = ReportedHealth(self)
        let surroundings = LeaderCommitter.Surroundings(
            clock: { me.value.node.now },
            seed: { (me.value.dice.next(), me.value.dice.next()) },
            logger: .silent, health: health)
        let pledges = PledgeFile(
            directory: files.directory.path, disk: files.writer.settings.disk)
        switch role {
        case .leader:
            let core = LeaderCore(
                view: view, head: files.position, lastTime: files.lastTime, pledge: pledge,
                seed: surroundings.seed())
            return NodeCommitter(
                leader: LeaderCommitter(core: core, writer: files.writer, surroundings),
                pledges: pledges, surroundings)
        case .follower:
            let core = FollowerCore(
                view: view, head: files.position, lastTime: files.lastTime, pledge: pledge)
            let follower = FollowerCommitter(
                core: core, writer: files.writer, logger: .silent, health: health
            ) { fault, link in
                me.value.returning.append(.answer { me.value.upstream?.refuse(fault, from: link) })
            }
            return NodeCommitter(follower: follower, pledges: pledges, surroundings)
        }
    }

    func start() {
        world.network.listen(at: node.address) { [weak self] in self?.accept($0) }
        if role == .follower {
            let upstream = Upstream(self, named: node.upstreams, at: hub.position)
            self.upstream = upstream
            upstream.start()
        }
        failover.noteFallbacks()
        tickLater()
        writeViewsLater()
        restLater()
    }

    /// Behind what the loop has to do already.
    func soon(_ body: @escaping (NodeProcess) -> Void) {
        later(dice.between(0, 300), body)
    }

    func later(_ microseconds: UInt64, _ body: @escaping (NodeProcess) -> Void) {
        world.timeline.after(microseconds) { [weak self] in
            guard let self, !isDead else { return }
            body(self)
        }
    }

    // MARK: Ending

    func die() {
        isDead = true
        rest?.cancel()
        upstream?.close()
        upstream = nil
    }

    /// Views and log, in good order.
    func close() {
        writeViews()
        committer?.close()
        try? files?.views.store.close()
    }

    /// The files' descriptors are given back.
    func letGo() {
        files?.directory.release()
        committer = nil
        files = nil
        connections = [:]
        catchUps = [:]
    }

    /// Says goodbye to every connection, with where to go instead.
    func drain() {
        upstream?.close()
        perform(hub.publish())
        let others = world.nodes.map(\.address).filter { $0 != node.address }
        for connection in sortedConnections { connection.drain(to: others) }
    }

    // MARK: Commits

    func submit(_ work: CommitWork) {
        inbox.append(work)
        guard !isCommitPlanned else { return }
        isCommitPlanned = true
        later(dice.between(20, 3_000)) { $0.commit() }
    }

    private func commit() {
        isCommitPlanned = false
        let work = inbox
        inbox = []
        writing { committer, tell in committer.carryOut(work, tell) }
    }

    /// What comes back from the commit thread, in its order.
    private enum Returned {
        case outcome(CommitOutcome)
        case answer(() -> Void)
    }

    /// Something is done to the log, on its thread, as it were.
    private func writing(_ body: (inout NodeCommitter, (CommitOutcome) -> Void) -> Void) {
        guard var hands = committer.take() else { return }
        body(&hands) { returning.append(.outcome($0)) }
        committer = hands
        let returned = returning
        returning = []
        // Of a machine without power nobody hears anything.
        if node.storage.isDark { return node.crash(.power) }
        for one in returned {
            if case .outcome(let outcome) = one { note(outcome) }
            onTheWay.append(one)
            soon { $0.takeReturned() }
        }
        restLater()
    }

    private func note(_ outcome: CommitOutcome) {
        if let batch = outcome.batch { world.history.stored(node, batch, by: role) }
        if outcome.begun != nil { world.history.begun(node) }
    }

    private func takeReturned() {
        switch onTheWay.removeFirst() {
        case .outcome(let outcome): take(outcome)
        case .answer(let give): give()
        }
    }

    /// When nothing has come for a while.
    private func restLater() {
        rest?.cancel()
        rest = world.timeline.after(200_000) { [weak self] in
            guard let self, !isDead else { return }
            writing { committer, tell in committer.rest(tell) }
        }
    }

    func take(_ outcome: CommitOutcome) {
        if let batch = outcome.batch {
            for change in batch.changes { pending.add(change, at: batch.position) }
            for piece in batch.cutAtRights(behind: hub.position) {
                hub.committed(piece)
                if piece.endsInRights { rightsChanged() }
            }
            let epochBefore = epochs.first?.epoch
            noteControl(of: batch)
            wakeWaiters(upTo: hub.position.seq)
            let isSameReign = epochs.first?.epoch == epochBefore
            wakeThoseAhead(upTo: isSameReign ? hub.position.seq : Seq(.max))
            publishSoon()
            upstream?.stored(batch.position)
        }
        if let epoch = outcome.begun { begun(epoch) }
        for reply in outcome.replies { answer(reply) }
    }

    private func noteControl(of batch: CommittedBatch) {
        for record in batch.records where record.item.kind == .control {
            if case .epoch(let epoch)? = try? record.item.control() {
                epochs.insert(Fork(epoch: epoch, firstSeq: record.seq), at: 0)
            }
        }
        guard hub.view.membership != acks.membership else { return }
        acks.took(hub.view.membership)
        failover.noteFallbacks()
        releaseAnswers()
    }

    // MARK: Answers

    private func answer(_ reply: CommitOutcome.Reply) {
        let reach = acks.acknowledged
        var ready: [Answer] = []
        for answer in reply.answers {
            if answer.outcome == .failed || answer.seq <= reach {
                ready.append(answer)
            } else {
                acks.hold(
                    .init(connection: reply.connection, answers: [answer]), at: answer.seq,
                    until: world.timeline.milliseconds + 4_000)
            }
        }
        give(ready, to: reply.connection)
    }

    private func give(_ answers: [Answer], to id: SubscriberID) {
        guard !answers.isEmpty else { return }
        world.history.answers(node, answers)
        connections[id.rawValue]?.answer(answers)
    }

    func releaseAnswers() {
        for reply in acks.release() { give(reply.answers, to: reply.connection) }
        failover.tidyMembership()
    }

    private func expireAnswers() {
        for held in acks.expire(at: world.timeline.milliseconds) {
            fail(held, .acksMissing(at: held.seq, count: acks.missing(at: held.seq)))
        }
    }

    func giveUpHeldAnswers() {
        for held in acks.giveUp() { fail(held, .outcomeUnknown("this node was deposed")) }
    }

    private func fail(_ held: AckLedger<CommitOutcome.Reply>.Held, _ failure: MutationFailure) {
        let answers = held.answers.answers.map { answer in
            var failed = failure.answer(ticket: answer.ticket)
            failed.seq = held.seq
            return failed
        }
        connections[held.answers.connection.rawValue]?.answer(answers)
    }

    func noteStored(_ seq: Seq, by connection: ServerEnd) {
        guard role == .leader, connection.isLog, !connection.advertise.isEmpty else { return }
        acks.noted(connection.advertise, stored: seq)
        releaseAnswers()
    }

    func noteHeld(_ seq: Seq, at voter: String) {
        acks.seen(voter, holding: seq)
        releaseAnswers()
    }

    // MARK: Leading

    private func begun(_ epoch: Epoch) {
        world.trace.note(name, "leads epoch \(epoch.number)")
        upstream?.close()
        upstream = nil
        role = .leader
        leader = ""
        staleSince = nil
        tellState()
        wakeThoseAhead(upTo: Seq(.max))
        failover.tidyMembership()
    }

    func pledged(_ pledge: Pledge) {
        self.pledge = pledge
        world.trace.note(name, "promised \(pledge.epoch.number) to \(pledge.holder)")
        failover.noteFallbacks()
        upstream?.judgeAgain()
    }

    /// Goes on when this node holds the event, or when that has taken too long.
    func reached(_ seq: Seq, then: @escaping () -> Void) {
        guard hub.position.seq < seq else { return then() }
        var isOver = false
        let wake = {
            if !isOver {
                isOver = true
                then()
            }
        }
        waiters.append((seq, wake))
        later(5_000_000) { _ in wake() }
    }

    private func wakeWaiters(upTo seq: Seq) {
        let woken = waiters.filter { $0.seq <= seq }
        waiters.removeAll { $0.seq <= seq }
        for waiter in woken { waiter.wake() }
    }

    // MARK: Publishing

    private func publishSoon() {
        guard hub.hasPending, !isPublishPlanned else { return }
        isPublishPlanned = true
        later(dice.between(0, 4_000)) {
            $0.isPublishPlanned = false
            $0.perform($0.hub.publish())
        }
    }

    // MARK: Connections

    private func accept(_ socket: Socket) {
        let id = SubscriberID(rawValue: nextID)
        nextID += 1
        connections[id.rawValue] = ServerEnd(id, socket, self)
    }

    var sortedConnections: [ServerEnd] {
        connections.sorted { $0.key < $1.key }.map(\.value)
    }

    func remove(_ id: SubscriberID) {
        guard connections.removeValue(forKey: id.rawValue) != nil, !isDead else { return }
        ahead[id.rawValue] = nil
        perform(hub.unsubscribe(id, at: world.timeline.milliseconds))
    }

    var standing: NodeStanding {
        NodeStanding(
            server: "node", role: role, head: hub.position,
            leader: role == .leader ? node.address : leader, forks: epochs)
    }

    func tellState() {
        for connection in sortedConnections { connection.tellState() }
    }

    func tellPath() {
        for connection in sortedConnections { connection.tellPath() }
    }

    func noteRefusal(_ refusal: Refusal) {
        world.trace.note(name, "is refused: \(refusal.code) at \(refusal.seq)")
        world.history.refusal(node, refusal)
    }

    // MARK: Mutations and questions

    func admit(_ mutations: [Mutation], from connection: ServerEnd) {
        guard role == .leader else {
            let failure = MutationFailure.notLeader(leader)
            refused.append((connection, mutations.map { failure.answer(ticket: $0.ticket) }))
            return
        }
        let actor = Actor(
            name: connection.peer?.actor ?? "", proof: .certificate, address: "10.0.0.1:1",
            identity: connection.identity)
        var taken: [AdmittedMutation] = []
        for mutation in mutations {
            switch Admission.admit(mutation, from: actor) {
            case .success(let mutation): taken.append(mutation)
            case .failure(let failure):
                refused.append((connection, [failure.answer(ticket: mutation.ticket)]))
            }
        }
        if !taken.isEmpty { admitted.append((connection.id, taken)) }
    }

    /// The read is over: what it brought is submitted, what was refused is answered.
    func flushAdmitted() {
        for (id, mutations) in admitted { submit(.mutate(id, mutations)) }
        admitted = []
        let answers = refused
        refused = []
        for (connection, answers) in answers { connection.answer(answers) }
    }

    func query(_ query: Query, from connection: ServerEnd) {
        switch query.body {
        case .promise(let wanted):
            failover.promise(wanted) { [weak connection, weak self] answer in
                guard let self, let answer else {
                    connection?.answer(query.ticket, [.failure(.unavailable, message: "")])
                    return
                }
                connection?.answer(query.ticket, [.promise(answer), .end(hub.position.seq)])
            }
        case .log(let wanted):
            guard case .seq(let seq)? = wanted.from, let row = try? files?.reader.row(at: seq),
                let record = try? EncodedRecord(validating: row.record)
            else { return connection.answer(query.ticket, [.end(hub.position.seq)]) }
            connection.answer(
                query.ticket,
                [.records([RecordRow(record: record, chain: row.chain)]), .end(seq)])
        case .get, .list, .history, .diff, .verify, .status, .promote, .members, .rights,
            .unknown:
            connection.answer(query.ticket, [.failure(.queryUnknown, message: "")])
        }
    }

    /// On the commit thread and back.
    func control<Value: Sendable>(
        _ work: (@escaping ControlWork.Reply<Value>) -> ControlWork,
        done: @escaping (Result<Value, MutationFailure>) -> Void
    ) {
        let answered = SingleThreaded(Answered(self, done))
        submit(.control(work { answered.value.take($0) }))
    }

    /// Takes an answer from the commit thread back to the loop.
    private final class Answered<Value: Sendable> {
        private let process: NodeProcess
        private let done: (Result<Value, MutationFailure>) -> Void

        init(
            _ process: NodeProcess, _ done: @escaping (Result<Value, MutationFailure>) -> Void
        ) {
            self.process = process
            self.done = done
        }

        func take(_ result: Result<Value, MutationFailure>) {
            let done = done
            process.returning.append(.answer { done(result) })
        }
    }

    // MARK: Reading the log

    func chain(at seq: Seq) -> Result<Hash256?, LogError> {
        guard let reader = files?.reader else {
            return .failure(.unavailable(path: "", reason: "closed"))
        }
        return Result { () throws(LogError) in try reader.chain(at: seq) }
    }

    func page(_ pager: Pager) -> Result<CatchUpPage, any Error> {
        guard let reader = files?.reader else { return .failure(CancellationError()) }
        return Result {
            try pager.pager.nextPage(ReadEvents(self, reader, dice.between(1, 40)))
        }
    }

    /// The log as it is now, in one file.
    func backUp(to path: String) throws {
        guard let reader = files?.reader else { return }
        let backup = try LogBackup(file: path, logID: reader.logID)
        while true {
            let rows = try reader.rows(from: backup.head.seq.next)
            if rows.isEmpty { return try backup.finish() }
            try backup.append(
                rows.map { row in
                    let audit = try EncodedRecord(validating: row.record).audit()
                    let request = RequestKey(actor: audit.actor, requestID: audit.requestID)
                    return LogEntry(
                        row: row, request: audit.requestID.isEmpty ? nil : request)
                })
        }
    }

    // MARK: Time

    private func tickLater() { later(1_000_000) { $0.tick() } }

    private func tick() {
        let now = world.timeline.milliseconds
        perform(hub.ticked(at: now))
        for connection in sortedConnections { connection.tick() }
        upstream?.tick()
        expireAnswers()
        failover.tidyMembership()
        failover.lookAround()
        if catchUps.isEmpty { recent.forget() }
        tickLater()
    }

    private func writeViewsLater() {
        later(dice.between(300_000, 3_000_000)) {
            $0.writeViews()
            guard !$0.isDead else { return }
            $0.writeViewsLater()
        }
    }

    private func writeViews() {
        guard let store = files?.views.store, pending.position != store.position else { return }
        do {
            try store.write(pending)
            pending.clear()
        } catch { world.trace.note(name, "views not written") }
        if node.storage.isDark, !isDead { node.crash(.power) }
    }
}

/// What the committers say of the log's health, for the transcript.
///
/// Proof of `@unchecked Sendable`: a simulation has one thread, which makes it, and calls the
/// committers that call it. `LogHealth` is Sendable for servers, which have more.
private final class ReportedHealth: LogHealth, @unchecked Sendable {
    private weak var process: NodeProcess?
    private var isReadOnly = false

    init(_ process: NodeProcess) { self.process = process }

    func noteWritable() {
        if isReadOnly { process?.world.trace.note(process?.name ?? "", "takes writes again") }
        isReadOnly = false
    }

    func noteReadOnly(_ why: String) {
        if !isReadOnly { process?.world.trace.note(process?.name ?? "", "takes no writes") }
        isReadOnly = true
    }
}

/// The log as a catch-up reads it, a few rows at a time.
private struct ReadEvents: Feeds.EventSource {
    private let process: NodeProcess
    private let reader: LogReader
    private let rowsPerRead: UInt64

    init(_ process: NodeProcess, _ reader: LogReader, _ rowsPerRead: UInt64) {
        self.process = process
        self.reader = reader
        self.rowsPerRead = rowsPerRead
    }

    func events(from first: Seq, through last: Seq) throws -> [SourcedEvent] {
        guard first <= last else { throw missing(first) }
        let left = last.rawValue - first.rawValue
        let limit = Int(min(left, rowsPerRead - 1) + 1)
        let known = process.recent.run(from: first, through: last, limit: limit)
        guard known.isEmpty else { return known }
        let rows = try reader.rows(from: first, limit: limit)
        guard !rows.isEmpty else { throw missing(first) }
        let events = try rows.map(event)
        process.recent.keep(events)
        return events
    }

    func item(at seq: Seq) throws -> EncodedItem {
        if let known = process.recent.event(at: seq) { return known.record.item }
        guard let row = try reader.row(at: seq) else { throw missing(seq) }
        let event = try event(row)
        process.recent.keep([event])
        return event.record.item
    }

    func itemAtHand(_ seq: Seq) -> EncodedItem? { process.recent.event(at: seq)?.record.item }

    private func event(_ row: LogRow) throws -> SourcedEvent {
        SourcedEvent(record: try EncodedRecord(validating: row.record), chain: row.chain)
    }

    private func missing(_ seq: Seq) -> LogError {
        .damaged(path: reader.path, firstBad: seq, reason: "the event is missing")
    }
}
