package import EndpointModel
package import EndpointState

/// Control events to append, in a batch of their own.
package struct ControlPlan: Sendable {
    package fileprivate(set) var records: [EncodedRecord] = []
    package fileprivate(set) var chains: [Hash256] = []
    package fileprivate(set) var head: Position
    package fileprivate(set) var time: Timestamp
}

/// What is wished of the membership.
package enum MembershipChange: Hashable, Sendable {
    case add(String)
    case remove(String)
    case minAcks(UInt32)
    /// The same once more, now that enough voters of the one before know it.
    case settle
}

/// Why a membership stays as it is.
package enum MembershipRefusal: Error, Hashable, Sendable {
    case unsettled(MembershipStanding)
    case voterKnown(String)
    case voterUnknown(String)
    case isLeader(String)
    case addressUnusable(String)
    case tooManyVoters(limit: Int)
    case tooFewVoters(minAcks: UInt32)

    // error-codes
    package var code: String {
        switch self {
        case .unsettled: "membership-unsettled"
        case .voterKnown: "voter-known"
        case .voterUnknown: "voter-unknown"
        case .isLeader, .addressUnusable: "invalid"
        case .tooManyVoters: "limit-exceeded"
        case .tooFewVoters: "too-few-voters"
        }
    }

    package var what: String {
        switch self {
        case .unsettled(let standing):
            "the change at seq \(standing.seq) is not yet on enough of the voters before it,"
                + " \(standing.previous.voters.joined(separator: ", "))"
        case .voterKnown(let voter): "\(voter) votes already"
        case .voterUnknown(let voter): "\(voter) is no voter"
        case .isLeader(let address): "\(address) is the leader, and followers vote"
        case .addressUnusable(let address): "'\(address)' is no HOST:PORT"
        case .tooManyVoters(let limit): "there are \(limit) voters, and no more are allowed"
        case .tooFewVoters(let minAcks):
            "fewer than \(minAcks) voters would stay, and so many must have what is acknowledged"
        }
    }
}

/// Rights that are to replace those in force.
package struct RightsWish: Sendable {
    package let rights: Rights
    /// Of the event that must be in force still; nil: any, or none.
    package let expectedSeq: Seq?
    /// Nil: whoever started the leader, who has its disk.
    package let actor: Actor?

    package init(rights: Rights, expectedSeq: Seq?, actor: Actor?) {
        self.rights = rights
        self.expectedSeq = expectedSeq
        self.actor = actor
    }
}

extension LeaderCore {
    /// Whether the actor may operate this node, by the rights in force where events are made.
    package func judge(operator actor: Actor) throws(MutationFailure) {
        guard control.rights.grant(to: actor.identity)?.allows(.operation) == true else {
            throw .notAllowed(actor, .operation)
        }
    }

    /// The rights to be put in force; nil when they are.
    package func judge(_ wish: RightsWish) throws(MutationFailure) -> Rights? {
        if let actor = wish.actor { try judge(operator: actor) }
        let standing = control.rights
        if let expected = wish.expectedSeq, expected != standing.seq {
            throw .rightsConflict(expected: expected, standing: standing.seq)
        }
        let faults = wish.rights.faults()
        guard faults.isEmpty else { throw .invalid(faults) }
        if wish.rights.encoded == standing.rights?.encoded { return nil }
        if let actor = wish.actor,
            wish.rights.grant(to: actor.identity)?.allows(.operation) != true
        {
            throw .rightsLockout(actor)
        }
        return wish.rights
    }

    /// A handful is what anybody needs; the bound keeps hellos and ledgers small.
    package static let voterLimit = 64

    /// The membership that a change leads to; nil when that is the one in force.
    ///
    /// - Parameter ownAddress: Where this node serves.
    package func judge(_ change: MembershipChange, ownAddress: String)
        throws(MembershipRefusal) -> Membership?
    {
        let current = membership.current
        if case .settle = change { return membership.isSettled ? nil : current }
        if change == .minAcks(current.minAcks) { return nil }
        guard membership.isSettled else { throw .unsettled(membership) }
        switch change {
        case .settle: return nil
        case .minAcks(let count):
            return Membership(voters: current.voters, minAcks: count)
        case .add(let voter):
            guard voter != ownAddress else { throw .isLeader(voter) }
            guard !current.voters.contains(voter) else { throw .voterKnown(voter) }
            guard current.voters.count < Self.voterLimit else {
                throw .tooManyVoters(limit: Self.voterLimit)
            }
            return current.adding(voter)
        case .remove(let voter):
            guard current.voters.contains(voter) else { throw .voterUnknown(voter) }
            // A leader takes itself out: it is a voter from before it was promoted.
            guard voter == ownAddress || current.voters.count > Int(current.minAcks) else {
                throw .tooFewVoters(minAcks: current.minAcks)
            }
            return current.removing(voter)
        }
    }

    /// Events that nobody asked for by a mutation. An epoch's event is of the epoch that it begins.
    ///
    /// - Parameter actor: Whose wish it is; nil: the leader's own.
    package func plan(
        _ events: [ControlEvent], by actor: Actor?, at wallTime: Timestamp
    ) throws(WireError) -> ControlPlan {
        var plan = ControlPlan(head: head, time: max(lastTime, wallTime))
        for event in events {
            var epoch = plan.head.epoch
            if case .epoch(let begun) = event { epoch = begun }
            let seq = plan.head.seq.next
            let record = EncodedRecord(
                item: try .control(seq: seq, event),
                audit: AuditPart(
                    epochNumber: epoch.number, time: plan.time, wallTime: wallTime,
                    actor: actor?.name ?? "", actorProof: actor?.proof ?? .unverified,
                    address: actor?.address ?? ""))
            let chain = plan.head.chain.followed(by: record.hash)
            plan.records.append(record)
            plan.chains.append(chain)
            plan.head = Position(logID: head.logID, epoch: epoch, seq: seq, chain: chain)
        }
        return plan
    }
}
