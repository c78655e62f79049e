import EndpointModel
import EndpointState
import ReplicaCore
import Testing

@Suite("The follower's mind")
struct FollowerCoreTests {
    static func follower() -> FollowerCore {
        FollowerCore(
            view: EndpointView(), head: .origin(of: Fixture.logID),
            lastTime: Timestamp(microseconds: 0), pledge: .none)
    }

    static func leader() throws -> ModelLeader {
        var leader = try ModelLeader()
        for pod in ["a", "b", "c"] { try leader.apply(Fixture.endpoint(pod)) }
        _ = try leader.commit(Fixture.delete("b", ticket: 50))
        try leader.apply(Fixture.endpoint("a", containerID: "c1"))
        return leader
    }

    /// A follower that holds all of the leader's log.
    static func abreast(of leader: ModelLeader) throws -> FollowerCore {
        var follower = follower()
        follower.committed(try follower.check(leader.records, from: Fixture.epoch))
        return follower
    }

    @Test("What a leader committed is taken as it is: same bytes, chain and view (G4)")
    func sound() throws {
        let leader = try Self.leader()
        var follower = Self.follower()
        for start in stride(from: 0, to: leader.records.count, by: 2) {
            let part = leader.records[start..<min(start + 2, leader.records.count)]
            let intake = try follower.check(Array(part), from: Fixture.epoch)
            #expect(intake.records.map(\.bytes) == part.map(\.bytes))
            #expect(intake.chains == Array(leader.chains[start..<(start + part.count)]))
            follower.committed(intake)
        }
        #expect(follower.head == leader.core.head)
        #expect(follower.view.digest == leader.folded.digest)
    }

    @Test("Records received twice are left out, which is legal")
    func repeats() throws {
        let leader = try Self.leader()
        var follower = Self.follower()
        follower.committed(try follower.check(Array(leader.records[..<3]), from: Fixture.epoch))
        let intake = try follower.check(leader.records, from: Fixture.epoch)
        #expect(intake.records.map(\.seq) == leader.records[3...].map(\.seq))
        follower.committed(intake)
        #expect(try follower.check(leader.records, from: Fixture.epoch).records.isEmpty)
        #expect(follower.head == leader.core.head)
    }

    @Test("Nothing of a batch that is refused is taken (G4)")
    func nothingTaken() throws {
        let leader = try Self.leader()
        let follower = Self.follower()
        var broken = leader.records
        broken.remove(at: 4)
        #expect(throws: IntakeFault.self) { try follower.check(broken, from: Fixture.epoch) }
        #expect(follower.head == .origin(of: Fixture.logID))
    }

    static func record(
        _ item: EncodedItem, epoch: UInt64 = 1, time: Timestamp = Fixture.time
    ) -> EncodedRecord {
        EncodedRecord(
            item: item, audit: AuditPart(epochNumber: epoch, time: time, wallTime: time))
    }

    static func put(_ seq: UInt64, previous: UInt64 = 0, pod: String = "new") throws -> EncodedItem
    {
        var dice = Dice(seed: 4)
        let uid = UID.random(using: &dice)
        return try Fixture.endpoint(pod).encodedEndpoint().withUnsafeBytes { bytes in
            try EncodedItem.put(
                seq: Seq(seq), previousSeq: Seq(previous), key: Fixture.key(pod), uid: uid,
                creationTime: Fixture.time, endpoint: bytes)
        }
    }

    static func code(_ follower: FollowerCore, _ record: EncodedRecord) -> IntakeFault.Code? {
        do {
            _ = try follower.check([record], from: Fixture.epoch)
            return nil
        } catch { return error.code }
    }

    @Test("A gap, a wrong previous seq, another uid: what does not fold is refused (G2, G4)")
    func folding() throws {
        let leader = try Self.leader()
        let follower = try Self.abreast(of: leader)
        let next = UInt64(leader.records.count) + 1
        #expect(Self.code(follower, Self.record(try Self.put(next))) == nil)
        #expect(Self.code(follower, Self.record(try Self.put(next + 1))) == .doesNotFold)
        #expect(Self.code(follower, Self.record(try Self.put(next, previous: 2))) == .doesNotFold)
        let otherUID = try Self.put(next, previous: next - 1, pod: "a")
        #expect(Self.code(follower, Self.record(otherUID)) == .doesNotFold)
        var dice = Dice(seed: 8)
        let delete = try EncodedItem.delete(
            seq: Seq(next), previousSeq: .zero, key: Fixture.key("gone"),
            uid: .random(using: &dice))
        #expect(Self.code(follower, Self.record(delete)) == .doesNotFold)
    }

    @Test(
        "A critical event of an unknown type is stored, and what follows as far as it can be judged (G4, R19)"
    )
    func unknownEvent() throws {
        let leader = try Self.leader()
        var follower = try Self.abreast(of: leader)
        let digest = follower.view.digest
        let next = UInt64(leader.records.count) + 1
        var dice = Dice(seed: 8)
        let items = [
            try EncodedItem.control(seq: Seq(next), .unknown(type: 900, criticality: .critical)),
            // This version knows no rule by which it could follow.
            try EncodedItem.delete(
                seq: Seq(next + 1), previousSeq: .zero, key: Fixture.key("gone"),
                uid: .random(using: &dice)),
        ]
        let intake = try follower.check(items.map { Self.record($0) }, from: Fixture.epoch)
        #expect(intake.records.map(\.item.bytes) == items.map(\.bytes))
        follower.committed(intake)
        #expect(follower.view.unknownEvent == UnknownEvent(seq: Seq(next), type: 900))
        #expect(follower.view.digest == digest)
        #expect(follower.head.seq == Seq(next + 1))
        let put = try Self.put(next + 2, previous: 1)
        #expect(Self.code(follower, Self.record(put)) == nil)
        #expect(Self.code(follower, Self.record(put, epoch: 2)) == .epochWrong)
        let early = Timestamp(microseconds: Fixture.time.microseconds - 1)
        #expect(Self.code(follower, Self.record(put, time: early)) == .timeGoesBack)
        #expect(Self.code(follower, Self.record(try Self.put(next + 3))) == .doesNotFold)
    }

    @Test("An event of another epoch than the one in force is refused (G4)")
    func epochs() throws {
        let leader = try Self.leader()
        let follower = try Self.abreast(of: leader)
        let next = UInt64(leader.records.count) + 1
        #expect(Self.code(follower, Self.record(try Self.put(next), epoch: 2)) == .epochWrong)
        for number in [1, 0] as [UInt64] where number > 0 {
            let stale = try EncodedItem.control(
                seq: Seq(next), .epoch(Epoch(number: number, leaderID: 9)))
            #expect(Self.code(follower, Self.record(stale, epoch: number)) == .epochWrong)
        }
        let begun = try EncodedItem.control(
            seq: Seq(next), .epoch(Epoch(number: 2, leaderID: 9)))
        #expect(Self.code(follower, Self.record(begun)) == .epochWrong)
        let intake = try follower.check(
            [Self.record(begun, epoch: 2), Self.record(try Self.put(next + 1), epoch: 2)],
            from: Fixture.epoch)
        #expect(intake.head.epoch == Epoch(number: 2, leaderID: 9))
        #expect(throws: IntakeFault.self) {
            try follower.check(
                [Self.record(begun, epoch: 2), Self.record(try Self.put(next + 1))],
                from: Fixture.epoch)
        }
    }

    @Test("An event whose time is before that of the one before is refused (G4)")
    func time() throws {
        let leader = try Self.leader()
        let follower = try Self.abreast(of: leader)
        let next = UInt64(leader.records.count) + 1
        let early = Timestamp(microseconds: Fixture.time.microseconds - 1)
        let record = Self.record(try Self.put(next), time: early)
        #expect(Self.code(follower, record) == .timeGoesBack)
        #expect(Self.code(follower, Self.record(try Self.put(next))) == nil)
    }

    @Test("A mark must name the history that the records lead to (G4)")
    func marks() throws {
        let leader = try Self.leader()
        let follower = Self.follower()
        let intake = try follower.check(leader.records, from: Fixture.epoch)
        try follower.checkMark(leader.core.head, behind: intake)
        var other = leader.core.head
        other.chain = Fixture.logID.chainOrigin
        #expect(throws: IntakeFault.self) { try follower.checkMark(other, behind: intake) }
        // A mark that was overtaken says nothing of what came since.
        other.seq = Seq(3)
        try follower.checkMark(other, behind: intake)
    }
}
