internal import DequeModule
package import EndpointModel
package import EndpointState

/// Which answers a leader may give: those of events that are on the disks of as many voters as the
/// membership wants (G10). A value that is told what voters have stored, and that holds answers
/// until then, or until their time is over.
///
/// The leader's own disk does not count: it has every event, or there would be no answer. But where
/// a change of the membership waits to be settled and the leader votes by the one before, it does
/// for that: a candidate would ask it too.
package struct AckLedger<Answers: Sendable>: Sendable {
    package struct Held: Sendable {
        package let seq: Seq
        package let answers: Answers
        let deadline: UInt64
    }

    package private(set) var membership: MembershipStanding
    private let ownAddress: String
    /// Of each voter the last that it said is on its disk.
    private var stored: [String: Seq] = [:]
    private var held: Deque<Held> = []
    /// Up to here events are on as many disks as they must be.
    package private(set) var acknowledged = Seq(.max)

    package init(membership: MembershipStanding, ownAddress: String) {
        self.membership = membership
        self.ownAddress = ownAddress
        judge()
    }

    private mutating func judge() {
        acknowledged = membership.inForce.map { reach(of: $0) }.min() ?? Seq(.max)
    }

    private func reach(of electorate: Membership) -> Seq {
        guard electorate.minAcks > 0 else { return Seq(.max) }
        let mayCountItself = !membership.isSettled && electorate == membership.previous
        let seqs = electorate.voters.map { voter in
            voter == ownAddress && mayCountItself ? Seq(.max) : stored[voter] ?? .zero
        }.sorted(by: >)
        let wanted = Int(electorate.minAcks)
        return wanted <= seqs.count ? seqs[wanted - 1] : .zero
    }

    /// How many voters are still to store the event, by the membership that lacks most.
    package func missing(at seq: Seq) -> Int {
        membership.inForce.map { electorate in
            let have = electorate.voters.count { stored[$0] ?? .zero >= seq }
            return max(0, Int(electorate.minAcks) - have)
        }.max() ?? 0
    }

    /// Whether the event that settles the change of the membership may be written: enough voters of
    /// the one before have the change, and nobody is elected there without it.
    package var mayBeSettled: Bool {
        guard !membership.isSettled else { return false }
        let before = membership.previous
        // Without promises nobody is elected there but by this leader's own seal.
        return before.promisesNeeded == nil || reach(of: before) >= membership.seq
    }

    /// The last that the voter said is on its disk; nil: it has said nothing in this reign.
    package func stored(by voter: String) -> Seq? { stored[voter] }

    // MARK: What it is told

    package mutating func took(_ membership: MembershipStanding) {
        self.membership = membership
        judge()
    }

    /// A voter said that everything up to here is on its disk; or, when it connects, that it holds
    /// no more than this. Of others it is not noted.
    package mutating func noted(_ voter: String, stored seq: Seq) {
        guard membership.voters.contains(voter) else { return }
        stored[voter] = seq
        judge()
    }

    /// A voter was seen to hold this in the reign's epoch, by another way than its own word: it may
    /// follow behind a relay. What it said may be newer.
    package mutating func seen(_ voter: String, holding seq: Seq) {
        noted(voter, stored: max(seq, stored[voter] ?? .zero))
    }

    package mutating func hold(_ answers: Answers, at seq: Seq, until deadline: UInt64) {
        held.append(Held(seq: seq, answers: answers, deadline: deadline))
    }

    /// Those that may be given now.
    package mutating func release() -> [Answers] {
        guard !held.isEmpty else { return [] }
        let reach = acknowledged
        let ready = held.filter { $0.seq <= reach }
        if !ready.isEmpty { held.removeAll { $0.seq <= reach } }
        return ready.map(\.answers)
    }

    /// Those that have waited long enough.
    package mutating func expire(at now: UInt64) -> [Held] {
        guard let first = held.first, first.deadline <= now else { return [] }
        let over = held.prefix { $0.deadline <= now }
        held.removeFirst(over.count)
        return Array(over)
    }

    /// All of them: this node leads no more.
    package mutating func giveUp() -> [Held] {
        defer { held = [] }
        return Array(held)
    }
}
