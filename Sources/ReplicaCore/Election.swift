package import EndpointModel
package import EndpointState
package import SyncProtocol

/// One attempt to make a node the leader, as a value (G10). It asks first what the answers would
/// be, and binds nobody when they would not do. Then the leader, if it can be reached, seals its log
/// and this node catches up with that; then this node promises, then the voters; then the candidacy is
/// judged, and the epoch begun.
///
/// | phase | waits for | goes to |
/// |---|---|---|
/// | surveying | what would be promised | surveying once more, sealing, promising, ended |
/// | sealing | the leader's promise | catchingUp, promising |
/// | catchingUp | what the leader sealed | promising |
/// | promising | this node's own promise | collecting, ended |
/// | collecting | the voters' promises | ended |
package struct Election: Sendable {
    /// What the node holds, as an attempt needs it at each step.
    package struct Standing: Sendable {
        package var here: Position
        package var membership: MembershipStanding
        package var role: NodeRole

        package init(here: Position, membership: MembershipStanding, role: NodeRole) {
            self.here = here
            self.membership = membership
            self.role = role
        }
    }

    /// What one of those that were asked answered.
    package struct Heard: Sendable {
        package let address: String
        package let role: NodeRole
        package let answer: PromiseAnswer

        package init(address: String, role: NodeRole, answer: PromiseAnswer) {
            self.address = address
            self.role = role
            self.answer = answer
        }
    }

    package enum Step: Sendable {
        /// Asks each of them for a promise of the epoch; `heard` takes those that answered.
        case ask([String], Epoch, DryRun)
        /// Waits until this node holds the event, for some time; `caughtUp` goes on either way.
        case catchUp(Seq)
        /// Has this node promise; `promised` takes what it answered.
        case promise(Pledge)
        /// The node is elected, or forced upon the others.
        case begin(Pledge, mayBeLost: [String])
        /// It is not; with the reasons, for people.
        case refuse([String])
    }

    private enum Phase: Sendable {
        case surveying(Round)
        case sealing
        case catchingUp(Heard)
        case promising(sealed: Heard?)
        case collecting([Heard])
        case ended
    }

    private enum Round: Sendable { case first, second }

    private let own: String
    private let force: Force
    /// As far as it is known; empty when it is not.
    private let knownLeader: String
    private var epoch: Epoch
    private var seen: UInt64
    private var phase = Phase.surveying(.first)
    private var leader: String?
    private var isLeaderSealed = false
    private var unheard: [String] = []

    /// - Parameter leaderID: Random.
    package init(
        own: String, force: Force, knownLeader: String, seen: UInt64, leaderID: UInt64
    ) {
        self.own = own
        self.force = force
        self.knownLeader = knownLeader
        self.seen = seen
        epoch = Epoch(number: seen &+ 1, leaderID: leaderID)
    }

    // MARK: Steps

    package func started(_ standing: Standing) -> Step {
        .ask(electorate(standing), epoch, .yes)
    }

    /// - Parameter unheard: Who gave no answer, and why, for people.
    package mutating func heard(
        _ heard: [Heard], unheard more: [String], _ standing: Standing
    ) -> Step {
        unheard += more
        switch phase {
        case .surveying(.first) where raise(above: heard):
            // Who has seen a later epoch than this node had answered to that alone: a leader did
            // not say that it would seal its log.
            unheard = []
            phase = .surveying(.second)
            return .ask(electorate(standing), epoch, .yes)
        case .surveying: return surveyed(heard, standing)
        case .sealing:
            guard let sealed = heard.first, sealed.answer.promised == epoch else {
                return promise(sealed: nil)
            }
            isLeaderSealed = true
            phase = .catchingUp(sealed)
            return .catchUp(sealed.answer.head.seq)
        case .collecting(let before):
            return judged(before + heard.filter { $0.answer.promised == epoch }, standing)
        case .catchingUp, .promising, .ended: preconditionFailure("nobody was asked in \(phase)")
        }
    }

    package mutating func caughtUp() -> Step {
        guard case .catchingUp(let sealed) = phase else {
            preconditionFailure("nothing to catch up with in \(phase)")
        }
        return promise(sealed: sealed)
    }

    package mutating func promised(_ answer: PromiseAnswer, _ standing: Standing) -> Step {
        guard case .promising(let sealed) = phase else {
            preconditionFailure("no promise of its own was wanted in \(phase)")
        }
        guard answer.promised == epoch else {
            return refuse(["this node has promised epoch \(answer.promised)"])
        }
        let itself = Heard(address: own, role: standing.role, answer: answer)
        let heard = [itself] + (sealed.map { [$0] } ?? [])
        phase = .collecting(heard)
        let rest = electorate(standing).filter { address in
            !heard.contains { $0.address == address }
        }
        return .ask(rest, epoch, .no)
    }

    // MARK: Judging

    /// Whom to ask: all voters, and the leader as far as it is known.
    private func electorate(_ standing: Standing) -> [String] {
        Set(standing.membership.voters + [knownLeader]).subtracting(["", own]).sorted()
    }

    /// Asks for an epoch above all that were heard of; whether that is another one now.
    private mutating func raise(above heard: [Heard]) -> Bool {
        // A dry run answers with what was asked.
        for one in heard where one.answer.promised != epoch {
            seen = max(seen, one.answer.promised.number)
        }
        // Behind the greatest number comes none: 0 is promised by nobody.
        let next = seen &+ 1
        defer { epoch.number = next }
        return epoch.number != next
    }

    private mutating func surveyed(_ heard: [Heard], _ standing: Standing) -> Step {
        _ = raise(above: heard)
        var candidacy = Candidacy(own: standing.here, membership: standing.membership)
        candidacy.promised(.init(position: standing.here, seal: .none), by: own)
        for one in heard {
            candidacy.promised(one.promise, by: one.address)
            if one.role == .leader, one.answer.seal == .head,
                one.answer.head.epoch >= standing.here.epoch
            {
                leader = one.address
            }
        }
        let lacks = candidacy.lacks.filter { lack in
            switch lack {
            case .promises: true
            // To be had from the leader, which is there; or from this node, if that leads.
            case .holdsMore: leader == nil
            case .seal: leader == nil && standing.role == .follower
            }
        }
        if force == .no, !lacks.isEmpty { return refuse(lacks.map(\.description) + unheard) }
        unheard = []
        guard let leader else { return promise(sealed: nil) }
        // After this nothing more is acknowledged in the old epoch.
        phase = .sealing
        return .ask([leader], epoch, .no)
    }

    private mutating func promise(sealed: Heard?) -> Step {
        phase = .promising(sealed: sealed)
        return .promise(Pledge(epoch: epoch, holder: .ourselves))
    }

    private mutating func judged(_ heard: [Heard], _ standing: Standing) -> Step {
        guard let itself = heard.first else {
            preconditionFailure("a candidate promises first")
        }
        var candidacy = Candidacy(own: itself.answer.head, membership: standing.membership)
        for one in heard { candidacy.promised(one.promise, by: one.address) }
        let lacks = candidacy.lacks.map(\.description)
        if force == .no, !lacks.isEmpty { return refuse(lacks + unheard) }
        phase = .ended
        return .begin(Pledge(epoch: epoch, holder: .ourselves), mayBeLost: lacks)
    }

    private mutating func refuse(_ reasons: [String]) -> Step {
        phase = .ended
        guard isLeaderSealed, let leader else { return .refuse(reasons) }
        return .refuse(
            reasons + [
                "the leader \(leader) has sealed its log: promote this node again, or that one"
            ])
    }
}

extension Election.Heard {
    fileprivate var promise: Candidacy.Promise {
        Candidacy.Promise(position: answer.head, seal: answer.seal == .head ? .head : .none)
    }
}
