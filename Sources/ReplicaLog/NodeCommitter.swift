package import EndpointModel
package import EndpointState
internal import Feeds
internal import LogStore
internal import Logging
package import ReplicaCore
package import SyncProtocol

/// A node's hands in either role: what a leader or a follower does, and what both do for a
/// promotion (G10). It runs on the commit thread, so that a promise stands in one order with what
/// is stored and acknowledged: nothing of a lower reign comes behind it.
package struct NodeCommitter: Committer {
    /// One of the two, in a place of its own each: what is large in them is changed where it
    /// stands, and would be copied by every batch if it were taken out of an enum for that. Both
    /// while nobody knows whether the event is in the log with which a follower begins to lead.
    private var leader: LeaderCommitter?
    private var follower: FollowerCommitter?
    private let pledges: PledgeFile
    /// What a follower needs when it becomes a leader.
    private let surroundings: LeaderCommitter.Surroundings
    /// The last epoch that others were told is this node's.
    private var told: Epoch?

    package init(
        leader: LeaderCommitter, pledges: PledgeFile,
        _ surroundings: LeaderCommitter.Surroundings
    ) {
        self.leader = leader
        told = leader.core.head.epoch
        self.pledges = pledges
        self.surroundings = surroundings
    }

    package init(
        follower: FollowerCommitter, pledges: PledgeFile,
        _ surroundings: LeaderCommitter.Surroundings
    ) {
        self.follower = follower
        self.pledges = pledges
        self.surroundings = surroundings
    }

    // MARK: Committer

    package mutating func carryOut(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void) {
        guard work.contains(where: { $0.isControl }) else { return ordinary(work, tell) }
        var run: [CommitWork] = []
        for piece in work {
            switch piece {
            case .mutate, .replicate: run.append(piece)
            case .control(let control):
                ordinary(run, tell)
                run = []
                carryOut(control, tell)
            }
        }
        ordinary(run, tell)
    }

    private mutating func ordinary(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void) {
        guard !work.isEmpty else { return }
        leader?.carryOut(work, tell)
        follower?.carryOut(work, tell)
    }

    package mutating func rest(_ tell: (CommitOutcome) -> Void) {
        if leader != nil { leader?.rest(tell) } else { follower?.rest(tell) }
        settle()
        tellIfLeading(tell)
    }

    package mutating func close() {
        if leader != nil { leader?.close() } else { follower?.close() }
    }

    // MARK: Promises and promotion

    private mutating func carryOut(_ work: ControlWork, _ tell: (CommitOutcome) -> Void) {
        switch work {
        case .promise(let asked, let dryRun, let reply): reply(promise(asked, dryRun))
        case .begin(let pledge, let reply): reply(begin(pledge, tell))
        case .change(let change, let wish, let reply):
            reply(leader?.change(change, wish, tell) ?? .failure(.notLeader("")))
        case .replace(let wish, let reply):
            reply(leader?.replace(wish, tell) ?? .failure(.notLeader("")))
        }
    }

    private mutating func promise(_ asked: Pledge, _ dryRun: DryRun)
        -> Result<PromiseAnswer, MutationFailure>
    {
        guard isReady else {
            return .failure(.readOnly("the log is to be recovered from a failed write first"))
        }
        guard pledge.admits(asked, over: head.epoch) else {
            return .success(
                PromiseAnswer(
                    head: head, promised: max(pledge.epoch, head.epoch), seal: .none))
        }
        let seal: LogSeal = leader?.core.isSealed == false ? .head : .none
        if case .no = dryRun, asked != pledge {
            do { try pledges.write(asked) } catch {
                return .failure(.readOnly("the promise cannot be stored: \(error)"))
            }
            promised(asked)
        }
        return .success(PromiseAnswer(head: head, promised: asked.epoch, seal: seal))
    }

    /// Writes the event that begins the epoch which this node has promised itself. If nobody knows
    /// whether it was written, the node leads once the log is recovered and has it.
    private mutating func begin(_ own: Pledge, _ tell: (CommitOutcome) -> Void)
        -> Result<Position, MutationFailure>
    {
        guard pledge == own, own.seals(head.epoch), isReady else {
            return .failure(.unavailable("this node has promised another epoch meanwhile"))
        }
        if let follower { leader = LeaderCommitter(promoting: follower, surroundings) }
        guard let result = leader?.begin(own.epoch, tell) else {
            preconditionFailure("a node is leader or follower")
        }
        settle()
        tellIfLeading(tell)
        return result
    }

    /// The log is sure again: a follower leads if it has the event, and else goes on as one.
    private mutating func settle() {
        guard follower != nil, let leader, leader.isReady else { return }
        if leader.core.pledge.leads(leader.core.head.epoch) {
            follower = nil
        } else {
            self.leader = nil
        }
    }

    private mutating func tellIfLeading(_ tell: (CommitOutcome) -> Void) {
        guard let leader, !leader.core.isSealed, leader.core.head.epoch != told else { return }
        told = leader.core.head.epoch
        tell(CommitOutcome(batch: nil, replies: [], begun: told))
    }

    // MARK: Of either role

    private var head: Position { part(leader?.core.head, follower?.core.head) }
    private var pledge: Pledge { part(leader?.core.pledge, follower?.core.pledge) }
    private var isReady: Bool { part(leader?.isReady, follower?.isReady) }

    private func part<Value>(_ ofLeader: Value?, _ ofFollower: Value?) -> Value {
        guard let value = ofLeader ?? ofFollower else {
            preconditionFailure("a node is leader or follower")
        }
        return value
    }

    private mutating func promised(_ pledge: Pledge) {
        leader?.promised(pledge)
        follower?.promised(pledge)
    }
}

extension CommitWork {
    fileprivate var isControl: Bool {
        switch self {
        case .mutate, .replicate: false
        case .control: true
        }
    }
}

/// What operators and failover want of the commit thread. Replies come on that thread.
package enum ControlWork: Sendable {
    package typealias Reply<Value: Sendable> = @Sendable (Result<Value, MutationFailure>) -> Void

    case promise(Pledge, DryRun, Reply<PromiseAnswer>)
    /// Begin the epoch that this node has promised itself.
    case begin(Pledge, Reply<Position>)
    case change(MembershipChange, MembershipWish, Reply<Membership>)
    /// Put other rights in force.
    case replace(RightsWish, Reply<RightsStanding>)
}

/// Who wants a change of the membership, and of which leader.
package struct MembershipWish: Sendable {
    /// Nil: the leader itself.
    let actor: Actor?
    let leaderAddress: String

    package init(actor: Actor?, leaderAddress: String) {
        self.actor = actor
        self.leaderAddress = leaderAddress
    }
}
