package import EndpointModel
internal import EndpointState
internal import Feeds
package import LogStore
package import Logging
package import ReplicaCore
internal import SyncProtocol

/// A leader's hands. One transaction and one fsync for all that waits; nothing is answered or
/// published before it is durable (G1), and a batch that fails is undone whole.
package struct LeaderCommitter: Committer {
    private(set) var core: LeaderCore
    private let writer: LogWriter
    private let clock: @Sendable () -> Timestamp
    private var clockWatch: ClockWatch
    private let logger: Logger
    private let health: any LogHealth
    /// Written, and nobody knows whether it is in the log; until the log is recovered.
    private var unsettled: Unsettled?

    private enum Unsettled {
        case mutations(CommitPlan)
        case control(ControlPlan)
    }

    /// What a leader has beside its core and its log.
    package struct Surroundings {
        let clock: @Sendable () -> Timestamp
        /// Randomness for the uids that a reign gives.
        package let seed: @Sendable () -> (UInt64, UInt64)
        let logger: Logger
        let health: any LogHealth

        package init(
            clock: @escaping @Sendable () -> Timestamp,
            seed: @escaping @Sendable () -> (UInt64, UInt64), logger: Logger,
            health: any LogHealth
        ) {
            self.clock = clock
            self.seed = seed
            self.logger = logger
            self.health = health
        }
    }

    /// What one transaction takes at most: beyond it the latency of the first mutation grows
    /// while the cost per mutation falls no more.
    private static let batchMutations = 2_000
    /// The same in bytes: what a batch holds in memory, and then in a frame of each feed.
    private static let batchBytes = 8 << 20

    package init(core: LeaderCore, writer: LogWriter, _ surroundings: Surroundings) {
        self.core = core
        self.writer = writer
        clock = surroundings.clock
        clockWatch = ClockWatch(lastTime: core.lastTime)
        logger = surroundings.logger
        health = surroundings.health
    }

    /// A follower's log goes on in these hands.
    init(promoting follower: FollowerCommitter, _ surroundings: Surroundings) {
        let core = LeaderCore(promoting: follower.core, seed: surroundings.seed())
        self.init(core: core, writer: follower.writer, surroundings)
    }

    var isReady: Bool { writer.isReady }
    mutating func promised(_ pledge: Pledge) { core.promised(pledge) }

    package mutating func carryOut(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void) {
        var batch: [(SubscriberID, [AdmittedMutation])] = []
        var count = 0
        var byteCount = 0
        for case .mutate(let connection, let mutations) in work {
            batch.append((connection, mutations))
            count += mutations.count
            byteCount += mutations.reduce(0) { $0 + $1.endpointBytes }
            if count >= Self.batchMutations || byteCount >= Self.batchBytes {
                tell(commit(batch))
                batch = []
                count = 0
                byteCount = 0
            }
        }
        if !batch.isEmpty { tell(commit(batch)) }
        checkpoint(.busy)
    }

    package mutating func rest(_ tell: (CommitOutcome) -> Void) {
        if writer.isReady {
            checkpoint(.idle)
        } else if let batch = recover() {
            tell(CommitOutcome(batch: batch, replies: []))
        }
    }

    package mutating func close() {
        do { try writer.close() } catch { logger.error("log not closed cleanly", error) }
    }

    // MARK: One transaction

    private mutating func commit(
        _ batch: [(SubscriberID, [AdmittedMutation])],
        searching search: LeaderCore.RequestSearch = .withoutEvent
    ) -> CommitOutcome {
        if core.isSealed {
            return refuse(batch, .unavailable("this node has promised another leader's epoch"))
        }
        let mutations = batch.flatMap(\.1)
        let plan: CommitPlan
        do {
            plan = try core.plan(
                mutations, at: now(), searching: search, findRequest: findRequest,
                fetch: record)
        } catch {
            logger.error("requests cannot be looked up", error)
            return refuse(batch, .readOnly(error.description))
        }
        guard !plan.records.isEmpty else {
            return CommitOutcome(batch: nil, replies: replies(batch, plan.answers.map(\.answer)))
        }
        do {
            try writer.append(plan.entries)
        } catch .requestRepeated where search == .withoutEvent {
            return commit(batch, searching: .everyRequest)
        } catch {
            return failed(batch, plan, error)
        }
        return succeeded(batch, plan)
    }

    private mutating func now() -> Timestamp {
        let now = clock()
        if let behind = clockWatch.jumpBack(at: now) {
            logger.warning(
                "the clock went back; events bear the last time until it is there again",
                metadata: ["code": "clock-behind", "seconds": "\(behind / 1_000_000)"])
        }
        return now
    }

    private mutating func succeeded(
        _ batch: [(SubscriberID, [AdmittedMutation])], _ plan: CommitPlan
    ) -> CommitOutcome {
        let changes = core.committed(plan)
        health.noteWritable()
        return CommitOutcome(
            batch: CommittedBatch(
                records: plan.records, changes: changes, position: core.head),
            replies: replies(batch, plan.answers.map(\.answer)),
            mutations: batch.flatMap(\.1))
    }

    /// The write failed: what depends on it is refused when it surely did not happen, else
    /// answered "outcome unknown". A failed mutation is never said not to have happened.
    private mutating func failed(
        _ batch: [(SubscriberID, [AdmittedMutation])], _ plan: CommitPlan, _ error: LogError
    ) -> CommitOutcome {
        logger.error("commit failed", error)
        health.noteReadOnly(error.description)
        let failure: MutationFailure =
            switch error {
            case .outcomeUnknown: .outcomeUnknown(error.description)
            default: .readOnly(error.description)
            }
        let answers = zip(plan.answers, batch.flatMap(\.1)).map { planned, mutation in
            planned.dependsOnCommit ? failure.answer(ticket: mutation.ticket) : planned.answer
        }
        if case .outcomeUnknown = error { unsettled = .mutations(plan) }
        return CommitOutcome(batch: recover(), replies: replies(batch, answers))
    }

    /// After a failed write. What was in flight is in the log whole or not at all; when it is,
    /// it is folded and given back to be published like any other.
    private mutating func recover() -> CommittedBatch? {
        guard !writer.isReady else { return nil }
        do {
            try writer.recover()
        } catch {
            logger.error("log not recovered", error)
            return nil
        }
        logger.notice("log recovered", metadata: ["seq": "\(writer.head.seq)"])
        health.noteWritable()
        defer { unsettled = nil }
        switch unsettled {
        case .mutations(let plan) where isStored(plan.head):
            let changes = core.committed(plan)
            return CommittedBatch(records: plan.records, changes: changes, position: core.head)
        case .control(let plan) where isStored(plan.head):
            let changes = core.committed(plan)
            return CommittedBatch(records: plan.records, changes: changes, position: core.head)
        case .mutations, .control, nil: return nil
        }
    }

    private func isStored(_ head: Position) -> Bool {
        writer.head.seq == head.seq && writer.head.chain == head.chain
    }

    // MARK: Control events

    /// Begins an epoch: its event is the first of it.
    mutating func begin(_ epoch: Epoch, _ tell: (CommitOutcome) -> Void)
        -> Result<Position, MutationFailure>
    {
        append([.epoch(epoch)], by: nil, tell).map { core.head }
    }

    mutating func change(
        _ change: MembershipChange, _ wish: MembershipWish, _ tell: (CommitOutcome) -> Void
    ) -> Result<Membership, MutationFailure> {
        if core.isSealed {
            return .failure(.unavailable("this node has promised another leader's epoch"))
        }
        if let actor = wish.actor {
            do { try core.judge(operator: actor) } catch { return .failure(error) }
        }
        do {
            let wanted = try core.judge(change, ownAddress: wish.leaderAddress)
            guard let wanted else { return .success(core.membership.current) }
            return append([.membership(wanted)], by: wish.actor, tell).map { wanted }
        } catch { return .failure(MutationFailure(error)) }
    }

    mutating func replace(_ wish: RightsWish, _ tell: (CommitOutcome) -> Void)
        -> Result<RightsStanding, MutationFailure>
    {
        if core.isSealed {
            return .failure(.unavailable("this node has promised another leader's epoch"))
        }
        do {
            guard let wanted = try core.judge(wish) else { return .success(core.control.rights) }
            return append([.rights(wanted)], by: wish.actor, tell).map { core.control.rights }
        } catch { return .failure(error) }
    }

    private mutating func append(
        _ events: [ControlEvent], by actor: Actor?, _ tell: (CommitOutcome) -> Void
    ) -> Result<Void, MutationFailure> {
        let plan: ControlPlan
        do { plan = try core.plan(events, by: actor, at: now()) } catch {
            preconditionFailure("a control event of ours cannot be encoded: \(error)")
        }
        do { try writer.append(plan.entries) } catch {
            logger.error("control event not stored", error)
            health.noteReadOnly(error.description)
            guard case .outcomeUnknown = error else {
                return .failure(.readOnly(error.description))
            }
            unsettled = .control(plan)
            if let batch = recover() { tell(CommitOutcome(batch: batch, replies: [])) }
            return isStored(plan.head) && isReady
                ? .success(()) : .failure(.outcomeUnknown(error.description))
        }
        let changes = core.committed(plan)
        let batch = CommittedBatch(records: plan.records, changes: changes, position: core.head)
        tell(CommitOutcome(batch: batch, replies: []))
        return .success(())
    }

    private func checkpoint(_ occasion: LogWriter.Occasion) {
        guard writer.isReady else { return }
        do { _ = try writer.checkpointIfDue(occasion) } catch {
            logger.error("checkpoint failed", error)
        }
    }

    // MARK: Requests

    private func findRequest(_ mutation: AdmittedMutation) throws(LogError) -> EncodedRecord? {
        let key = RequestKey(actor: mutation.actor.name, requestID: mutation.requestID)
        guard let seq = try writer.seq(ofRequest: key) else { return nil }
        let found = try record(at: seq)
        // Two actors' scopes may share their first bytes: the record has the last word.
        guard let audit = try? found.audit(), audit.actor == mutation.actor.name,
            audit.requestID == mutation.requestID
        else { return nil }
        return found
    }

    private func record(at seq: Seq) throws(LogError) -> EncodedRecord {
        guard let row = try writer.row(at: seq) else {
            throw .damaged(path: "log.sqlite", firstBad: seq, reason: "the event is missing")
        }
        do { return try EncodedRecord(validating: row.record) } catch {
            throw .damaged(path: "log.sqlite", firstBad: seq, reason: error.description)
        }
    }

    // MARK: Replies

    private func refuse(
        _ batch: [(SubscriberID, [AdmittedMutation])], _ failure: MutationFailure
    ) -> CommitOutcome {
        let answers = batch.flatMap(\.1).map { failure.answer(ticket: $0.ticket) }
        return CommitOutcome(batch: nil, replies: replies(batch, answers))
    }

    private func replies(
        _ batch: [(SubscriberID, [AdmittedMutation])], _ answers: [Answer]
    ) -> [CommitOutcome.Reply] {
        var rest = answers[...]
        return batch.map { connection, mutations in
            let own = rest.prefix(mutations.count)
            rest = rest.dropFirst(mutations.count)
            return .init(connection: connection, answers: Array(own))
        }
    }
}

extension ControlPlan {
    var entries: [LogEntry] {
        records.indices.map { LogEntry(records[$0], chain: chains[$0], request: nil) }
    }
}

extension CommitPlan {
    /// The plan as the log stores it.
    var entries: [LogEntry] {
        var scope = RequestScope(actor: requests.first?.actor.name ?? "")
        return records.indices.map { index in
            let request = requests[index]
            // Neighbours mostly come from one actor.
            if request.actor.name != scope.actor { scope = RequestScope(actor: request.actor.name) }
            return LogEntry(
                records[index], chain: chains[index],
                request: RequestKey(scope, requestID: request.requestID))
        }
    }
}
