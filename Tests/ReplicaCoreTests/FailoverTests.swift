import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

@Suite("Failover, decided")
struct FailoverTests {
    @Test(
        "However promotions, crashes and lost messages come, nothing acknowledged is lost, and an epoch is one leader's (G10)",
        arguments: 1...60)
    func anyInterleaving(seed: Int) throws {
        let count = 3 + seed % 3
        let minAcks = UInt32(1 + seed % (count - 1))
        var world = try FailoverWorld(nodes: count, minAcks: minAcks, seed: UInt64(seed))
        for step in 0..<400 {
            try world.step()
            try #require(world.shared.isEmpty, "seed \(seed), step \(step): \(world.shared)")
            try #require(world.lost.isEmpty, "seed \(seed), step \(step): \(world.lost)")
        }
    }

    @Test("Such runs do promote, and acknowledge: they would show what is broken")
    func runsAreWorthIt() throws {
        var promotions = 0
        var acknowledged = 0
        for seed in 1...20 {
            var world = try FailoverWorld(nodes: 4, minAcks: 1, seed: UInt64(seed))
            for _ in 0..<400 { try world.step() }
            promotions += world.promotions
            acknowledged += world.acknowledged.count
        }
        #expect(promotions > 40)
        #expect(acknowledged > 200)
    }

    @Test("A promise that a crash can take away loses what was acknowledged: it must be durable")
    func promisesMustBeDurable() throws {
        var losses = 0
        for seed in 1...300 where losses == 0 {
            var world = try FailoverWorld(nodes: 4, minAcks: 1, seed: UInt64(seed))
            world.promisesSurviveCrashes = false
            for _ in 0..<400 {
                try world.step()
                losses += world.lost.count
            }
        }
        #expect(losses > 0)
    }

    // MARK: Pledge

    static let second = Epoch(number: 2, leaderID: 5)

    @Test(
        "A promise is given to one candidate of an epoch, again to the same, and never lower (G10)")
    func pledge() {
        let first = Pledge(epoch: Self.second, holder: .candidate("a:1"))
        #expect(Pledge.none.admits(first, over: Fixture.epoch))
        #expect(first.admits(first, over: Fixture.epoch))
        let other = Pledge(epoch: Self.second, holder: .candidate("b:1"))
        #expect(!first.admits(other, over: Fixture.epoch))
        let lower = Pledge(epoch: Epoch(number: 2, leaderID: 4), holder: .candidate("b:1"))
        #expect(!first.admits(lower, over: Fixture.epoch))
        let higher = Pledge(epoch: Epoch(number: 2, leaderID: 6), holder: .candidate("b:1"))
        #expect(first.admits(higher, over: Fixture.epoch))
        // Of a number that the log has already there is no new epoch.
        #expect(!first.admits(higher, over: Epoch(number: 2, leaderID: 1)))
        let greatest = Pledge(epoch: Epoch(number: .max, leaderID: 6), holder: .candidate("b:1"))
        #expect(!first.admits(greatest, over: Fixture.epoch))
        #expect(first.seals(Fixture.epoch) && !first.seals(Self.second))
        #expect(!first.leads(Self.second))
        #expect(Pledge(epoch: Self.second, holder: .ourselves).leads(Self.second))
    }

    @Test(
        "A follower that has promised stores nothing of a lower reign, and takes its old events from a higher one (G10)"
    )
    func nothingLower() throws {
        let leader = try FollowerCoreTests.leader()
        var follower = FollowerCoreTests.follower()
        follower.promised(Pledge(epoch: Self.second, holder: .candidate("a:1")))
        do {
            _ = try follower.check(leader.records, from: Fixture.epoch)
            Issue.record("it was taken")
        } catch { #expect(error.code == .epochDeposed) }
        let intake = try follower.check(leader.records, from: Self.second)
        #expect(intake.records.count == leader.records.count)
    }

    // MARK: Candidacy

    static func position(_ seq: UInt64, epoch: Epoch = Fixture.epoch) -> Position {
        Position(
            logID: Fixture.logID, epoch: epoch, seq: Seq(seq), chain: Fixture.logID.chainOrigin)
    }

    static func membership(_ voters: [String], minAcks: UInt32) -> MembershipStanding {
        let membership = Membership(voters: voters, minAcks: minAcks)
        return MembershipStanding(current: membership, previous: membership, seq: Seq(2))
    }

    @Test("A candidate needs promises of n-k+1 voters, and must hold the most of them (G10)")
    func quorum() {
        let membership = Self.membership(["a", "b", "c"], minAcks: 2)
        var candidacy = Candidacy(own: Self.position(10), membership: membership)
        candidacy.promised(.init(position: Self.position(10), seal: .none), by: "a")
        #expect(
            candidacy.lacks == [.promises(given: ["a"], needed: 2, of: ["a", "b", "c"])])
        candidacy.promised(.init(position: Self.position(9), seal: .none), by: "stranger")
        #expect(candidacy.lacks.count == 1)
        var behind = candidacy
        candidacy.promised(.init(position: Self.position(10), seal: .none), by: "c")
        #expect(candidacy.lacks.isEmpty)
        behind.promised(.init(position: Self.position(11), seal: .none), by: "c")
        #expect(
            behind.lacks == [.holdsMore("c", Self.position(11), than: Self.position(10))])
        // A later epoch has the later word, whatever its seq.
        behind.promised(
            .init(position: Self.position(3, epoch: Self.second), seal: .none), by: "c")
        #expect(behind.lacks.count == 1)
    }

    @Test(
        "Without min-acks only the leader's seal vouches, and only for what the candidate holds (G10)"
    )
    func seal() {
        var candidacy = Candidacy(
            own: Self.position(10), membership: Self.membership(["a", "b"], minAcks: 0))
        candidacy.promised(.init(position: Self.position(10), seal: .none), by: "a")
        candidacy.promised(.init(position: Self.position(10), seal: .none), by: "b")
        #expect(candidacy.lacks == [.seal])
        var behind = candidacy
        behind.promised(.init(position: Self.position(11), seal: .head), by: "leader")
        #expect(behind.lacks.count == 2)
        candidacy.promised(.init(position: Self.position(10), seal: .head), by: "leader")
        #expect(candidacy.lacks.isEmpty)
    }

    @Test("While a change of the membership is unsettled, both electorates must promise (G10)")
    func bothElectorates() {
        let standing = MembershipStanding(
            current: Membership(voters: ["d"], minAcks: 1),
            previous: Membership(voters: ["a", "b", "c"], minAcks: 2), seq: Seq(9))
        var candidacy = Candidacy(own: Self.position(10), membership: standing)
        candidacy.promised(.init(position: Self.position(10), seal: .none), by: "d")
        #expect(
            candidacy.lacks == [.promises(given: [], needed: 2, of: ["a", "b", "c"])])
        for voter in ["a", "b"] {
            candidacy.promised(.init(position: Self.position(8), seal: .none), by: voter)
        }
        #expect(candidacy.lacks.isEmpty)
    }

    // MARK: Acknowledging

    @Test("An answer waits until as many voters have its event as must, and not for others (G10)")
    func ledger() {
        var ledger = AckLedger<String>(
            membership: Self.membership(["a", "b", "c"], minAcks: 2), ownAddress: "leader")
        ledger.hold("five", at: Seq(5), until: 100)
        ledger.hold("six", at: Seq(6), until: 200)
        ledger.noted("a", stored: Seq(6))
        ledger.noted("stranger", stored: Seq(6))
        #expect(ledger.release().isEmpty)
        #expect(ledger.missing(at: Seq(5)) == 1)
        ledger.noted("b", stored: Seq(5))
        #expect(ledger.release() == ["five"])
        #expect(ledger.expire(at: 199).isEmpty)
        #expect(ledger.expire(at: 200).map(\.answers) == ["six"])
        #expect(ledger.expire(at: 1_000).isEmpty)
        ledger.hold("seven", at: Seq(7), until: 300)
        // What was seen may be older than what it said.
        ledger.seen("a", holding: Seq(4))
        ledger.seen("b", holding: Seq(6))
        #expect(ledger.stored(by: "a") == Seq(6) && ledger.stored(by: "b") == Seq(6))
        // One that has lost its disk holds less.
        ledger.noted("a", stored: Seq(1))
        ledger.noted("b", stored: Seq(7))
        #expect(ledger.release().isEmpty)
        ledger.noted("c", stored: Seq(7))
        #expect(ledger.release() == ["seven"])
    }

    @Test("Without min-acks nothing waits")
    func noAcks() {
        let ledger = AckLedger<String>(membership: .none, ownAddress: "leader")
        #expect(ledger.acknowledged == Seq(.max))
        #expect(!ledger.mayBeSettled)
    }

    // MARK: Forks

    static func fork(_ number: UInt64, _ first: UInt64, leader: UInt64 = 7) -> Fork {
        Fork(epoch: Epoch(number: number, leaderID: leader), firstSeq: Seq(first))
    }

    @Test("What a log has behind the last seq that both have is orphaned by the later epoch (G10)")
    func forks() {
        let first = Self.fork(1, 1)
        func between(_ own: [Fork], _ head: UInt64, _ theirs: [Fork], _ theirHead: UInt64)
            -> HistoryFork
        {
            .between(
                own, endingAt: Self.position(head, epoch: own.first?.epoch ?? .none),
                and: theirs, endingAt: Self.position(theirHead, epoch: theirs.first?.epoch ?? .none)
            )
        }
        #expect(between([first], 10, [first], 5) == .follows)
        #expect(between([first], 10, [Self.fork(2, 11), first], 12) == .follows)
        let begun = Self.fork(2, 8)
        #expect(
            between([first], 10, [begun, first], 12) == .orphaned(behind: Seq(7), begun: begun))
        #expect(between([begun, first], 12, [first], 10) == .stale)
        let other = Self.fork(2, 8, leader: 9)
        #expect(
            between([begun, first], 12, [other, first], 9)
                == .orphaned(behind: Seq(7), begun: other))
        #expect(between([other, first], 9, [begun, first], 12) == .stale)
        // Nothing in common: who was told from the beginning on knows that they part there.
        let restored = Self.fork(3, 1)
        #expect(between([restored], 4, [first], 5) == .stale)
        #expect(
            between([first], 5, [Self.fork(4, 3), restored], 4)
                == .orphaned(behind: .zero, begun: Self.fork(4, 3)))
        #expect(between([first], 5, [Self.fork(4, 900)], 950) == .unknown)
        #expect(between([Self.fork(2, 600)], 700, [restored], 4) == .unknown)
        #expect(between([], 0, [first], 5) == .follows)
    }

    // MARK: Membership

    @Test("One change at a time, of voters that are followers, and never below min-acks (G10)")
    func changes() throws {
        var leader = try ModelLeader()
        func judged(_ change: MembershipChange) -> Result<Membership?, MembershipRefusal> {
            Result { () throws(MembershipRefusal) in
                try leader.core.judge(change, ownAddress: "leader:1")
            }
        }
        #expect(throws: MembershipRefusal.isLeader("leader:1")) {
            try judged(.add("leader:1")).get()
        }
        #expect(try judged(.minAcks(0)).get() == nil)
        let one = try #require(try judged(.add("a:1")).get())
        try leader.control(.membership(one))
        #expect(throws: MembershipRefusal.self) { try judged(.add("b:1")).get() }
        try leader.control(.membership(try #require(try judged(.settle).get())))
        #expect(try judged(.settle).get() == nil)
        #expect(throws: MembershipRefusal.voterKnown("a:1")) { try judged(.add("a:1")).get() }
        #expect(throws: MembershipRefusal.voterUnknown("b:1")) { try judged(.remove("b:1")).get() }
        let strict = try #require(try judged(.minAcks(1)).get())
        try leader.control(.membership(strict))
        try leader.control(.membership(strict))
        #expect(throws: MembershipRefusal.tooFewVoters(minAcks: 1)) {
            try judged(.remove("a:1")).get()
        }
        #expect(leader.core.membership.current == Membership(voters: ["a:1"], minAcks: 1))
        #expect(leader.folded.membership == leader.core.membership)
    }

    @Test("A membership survives its encoding for the views, and its order is by bytes")
    func encoding() throws {
        let standing = MembershipStanding(
            current: Membership(voters: ["b:1", "a:1", "b:1"], minAcks: 1),
            previous: Membership(), seq: Seq(9))
        #expect(standing.current.voters == ["a:1", "b:1"])
        let control = ControlStanding(membership: standing)
        let bytes = control.encoded
        let read = try bytes.withUnsafeBytes { try ControlStanding(encoded: $0) }
        #expect(read == control)
        #expect(standing.voters == ["a:1", "b:1"])
    }
}
