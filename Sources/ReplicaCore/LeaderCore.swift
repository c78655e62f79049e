package import EndpointModel
package import EndpointState
package import SyncProtocol

/// What a leader decides, as a value: which mutations of a batch take effect, in which order,
/// with which seqs and records. It reads no clock and no disk; the committer's thread carries
/// its plans out.
///
/// The order is: `plan`, then one transaction, then `committed`. Nothing is folded, answered or
/// published before the transaction is durable (G1).
package struct LeaderCore: Sendable {
    package private(set) var view: KeyedView
    /// Behind the last event that is durable.
    package private(set) var head: Position
    /// The time of the last event; the next is never earlier.
    package private(set) var lastTime: Timestamp
    /// Who votes, and who may do what.
    package private(set) var control: ControlStanding
    /// Above the epoch in force when this node has promised another one to acknowledge nothing
    /// more (G10).
    package private(set) var pledge: Pledge
    private var uids: SeededGenerator

    /// - Parameter seed: Randomness for uids, from the system's source.
    package init(
        view: EndpointView, head: Position, lastTime: Timestamp, pledge: Pledge,
        seed: (UInt64, UInt64)
    ) {
        precondition(view.seq == head.seq, "view at \(view.seq), log at \(head.seq)")
        self.view = KeyedView(view)
        self.head = head
        self.lastTime = lastTime
        self.pledge = pledge
        control = view.control
        uids = SeededGenerator(seed: seed)
    }

    /// A follower that begins an epoch goes on with what it holds.
    package init(promoting follower: FollowerCore, seed: (UInt64, UInt64)) {
        self.init(
            view: follower.view, head: follower.head, lastTime: follower.lastTime,
            pledge: follower.pledge, seed: seed)
    }

    package var membership: MembershipStanding { control.membership }

    /// Whether nothing may be acknowledged any more in the epoch in force (G10).
    package var isSealed: Bool { pledge.seals(head.epoch) }

    /// The promise is on disk.
    package mutating func promised(_ pledge: Pledge) { self.pledge = pledge }

    /// When the log is asked whether it has a request ID already (G11).
    package enum RequestSearch: Sendable {
        /// Only for mutations that would make no event. Those that make one are kept from
        /// happening twice by the log itself, which refuses a batch with a request ID that it
        /// has; then the batch is planned again, by `everyRequest`. Nearly all request IDs are
        /// new, and a search costs as much as an append.
        case withoutEvent
        case everyRequest
    }

    /// Decides the batch, in its order. Each mutation is judged against the view and against
    /// the events before it in this batch.
    ///
    /// - Parameter findRequest: The record of an earlier event with this actor and request ID,
    ///   if the log has one.
    package mutating func plan<Failure: Error>(
        _ mutations: [AdmittedMutation], at wallTime: Timestamp, searching search: RequestSearch,
        findRequest: (AdmittedMutation) throws(Failure) -> EncodedRecord?,
        fetch: (Seq) throws(Failure) -> EncodedRecord
    ) throws(Failure) -> CommitPlan {
        var planner = CommitPlanner(
            view: view, rights: control.rights, head: head, time: max(lastTime, wallTime),
            wallTime: wallTime, uids: uids, count: mutations.count)
        for mutation in mutations {
            if planner.repeatsInBatch(mutation) { continue }
            if case .withoutEvent = search, planner.decide(mutation) == .event { continue }
            let found = try findRequest(mutation)
            switch (found, search) {
            case (nil, .withoutEvent): continue
            case (nil, .everyRequest): _ = planner.decide(mutation)
            case (let found?, let search):
                if case .withoutEvent = search { planner.takeBackAnswer() }
                let previous = found.item.previousSeq
                let before = previous > .zero ? try fetch(previous) : nil
                planner.answerAgain(mutation, found, before)
            }
        }
        uids = planner.uids
        return planner.plan
    }

    /// The plan's records are durable: folds them, and gives what the feeds are to be told.
    package mutating func committed(_ plan: CommitPlan) -> [EndpointView.Change] {
        var changes: [EndpointView.Change] = []
        changes.reserveCapacity(plan.records.count)
        for (record, request) in zip(plan.records, plan.requests) {
            do {
                changes.append(try view.fold(record.item, hash: request.keyHash))
            } catch {
                preconditionFailure("a planned event does not fold: \(error)")
            }
        }
        head = plan.head
        lastTime = max(lastTime, plan.time)
        return changes
    }

    /// The same of control events.
    package mutating func committed(_ plan: ControlPlan) -> [EndpointView.Change] {
        head = plan.head
        lastTime = max(lastTime, plan.time)
        return plan.records.map { record in
            control = control.followed(by: record.item)
            do { return try view.fold(record.item) } catch {
                preconditionFailure("a planned event does not fold: \(error)")
            }
        }
    }
}

/// Records to append and answers to give once they are durable.
package struct CommitPlan: Sendable {
    package struct PlannedAnswer: Sendable {
        package let answer: Answer
        /// The answer speaks of this plan's records: it holds only when they are durable.
        package let dependsOnCommit: Bool
    }

    package var records: [EncodedRecord] = []
    /// Of each record, the actor and request ID that asked for it.
    package var requests: [AdmittedMutation] = []
    /// Of each record, what it did.
    package var outcomes: [Outcome] = []
    /// The chain hash behind each record.
    package var chains: [Hash256] = []
    /// One for each mutation, in their order.
    package var answers: [PlannedAnswer] = []
    package var head: Position
    package var time: Timestamp

    mutating func reserve(_ count: Int) {
        records.reserveCapacity(count)
        requests.reserveCapacity(count)
        outcomes.reserveCapacity(count)
        chains.reserveCapacity(count)
        answers.reserveCapacity(count)
    }
}

/// Uids and the like, from a seed of the system's randomness: two words of SplitMix64. Uids need
/// to be different, not secret.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var first: UInt64
    private var second: UInt64

    init(seed: (UInt64, UInt64)) {
        first = seed.0
        second = seed.1 | 1
    }

    mutating func next() -> UInt64 {
        first &+= second
        var mixed = first
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
