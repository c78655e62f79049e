import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

@Suite("The leader's mind")
struct LeaderCoreTests {
    // MARK: Operations

    @Test("Create makes what is not there, and refuses what is with what stands")
    func create() throws {
        var leader = try ModelLeader()
        let endpoint = Fixture.endpoint("a")
        let made = try leader.commit(Fixture.mutation(.create, endpoint))
        #expect(made.outcome == .created)
        #expect(made.seq == Seq(2))
        let again = try leader.commit(Fixture.mutation(.create, endpoint, ticket: 2))
        #expect(again.outcome == .failed)
        #expect(again.code == .alreadyExists)
        #expect(again.item?.seq == Seq(2))
        #expect(leader.records.count == 2)
        #expect(leader.item("a")?.name == Fixture.name("a"))
    }

    @Test("Replace changes what is there, and refuses what is not")
    func replace() throws {
        var leader = try ModelLeader()
        let absent = try leader.commit(Fixture.mutation(.replace, Fixture.endpoint("a")))
        #expect(absent.code == .notFound)
        try leader.apply(Fixture.endpoint("a"))
        let changed = try leader.commit(
            Fixture.mutation(.replace, Fixture.endpoint("a", containerID: "c1"), ticket: 3))
        #expect(changed.outcome == .configured)
        #expect(changed.seq == Seq(3))
    }

    @Test("Apply creates, then configures, and keeps uid and creation time")
    func apply() throws {
        var leader = try ModelLeader()
        #expect(try leader.apply(Fixture.endpoint("a")).outcome == .created)
        let first = try #require(leader.item("a"))
        let later = Timestamp(seconds: 1_700_000_500)
        let changed = try leader.commit(
            [Fixture.mutation(.apply, Fixture.endpoint("a", containerID: "c1"))], at: later)
        #expect(changed.map(\.outcome) == [.configured])
        let second = try #require(leader.item("a"))
        #expect(second.uid == first.uid)
        #expect(second.creationTime == first.creationTime)
        #expect(second.previousSeq == first.seq)
    }

    @Test("What changes nothing is unchanged, and makes no event")
    func unchanged() throws {
        var leader = try ModelLeader()
        try leader.apply(Fixture.endpoint("a"))
        let same = try leader.apply(Fixture.endpoint("a"))
        #expect(same.outcome == .unchanged)
        #expect(same.seq == Seq(2))
        #expect(leader.records.count == 2)
        let imported = try leader.commit(
            Fixture.mutation(.importing, try Fixture.endpoint("a").prepared(for: .apply), ticket: 4)
        )
        #expect(imported.outcome == .unchanged)
    }

    @Test("Delete removes what is there, refuses what is not, and the key may come back")
    func delete() throws {
        var leader = try ModelLeader()
        try leader.apply(Fixture.endpoint("a"))
        let uid = leader.item("a")?.uid
        #expect(try leader.commit(Fixture.delete("a", ticket: 2)).outcome == .deleted)
        #expect(leader.item("a") == nil)
        #expect(try leader.commit(Fixture.delete("a", ticket: 3)).code == .notFound)
        #expect(try leader.apply(Fixture.endpoint("a")).outcome == .created)
        let back = try #require(leader.item("a"))
        #expect(back.previousSeq == Seq(3))
        #expect(back.uid != uid)
    }

    @Test("An expected resourceVersion or uid that does not stand is a conflict with what stands")
    func conflicts() throws {
        var leader = try ModelLeader()
        try leader.apply(Fixture.endpoint("a"))
        let uid = try #require(leader.item("a")?.uid)
        var dice = Dice(seed: 1)
        let other = UID.random(using: &dice)
        let changed = Fixture.endpoint("a", containerID: "c1")
        let refused = [
            Fixture.mutation(.apply, changed, ticket: 1, expectedSeq: 9),
            Fixture.mutation(.replace, changed, ticket: 2, expectedSeq: 1),
            Fixture.mutation(.replace, changed, ticket: 3, expectedUID: other),
            Fixture.delete("a", ticket: 4, expectedSeq: 9),
            Fixture.delete("a", ticket: 5, expectedUID: other),
        ]
        for answer in try leader.commit(refused) {
            #expect(answer.code == .conflict)
            #expect(answer.item?.seq == Seq(2))
        }
        let gone = Fixture.mutation(.apply, Fixture.endpoint("b"), ticket: 6, expectedSeq: 2)
        #expect(try leader.commit(gone).code == .conflict)
        let recreated = Fixture.mutation(
            .apply, Fixture.endpoint("b"), ticket: 8, expectedUID: other)
        #expect(try leader.commit(recreated).code == .conflict)
        #expect(leader.records.count == 2)
        let taken = Fixture.mutation(.replace, changed, ticket: 7, expectedSeq: 2, expectedUID: uid)
        #expect(try leader.commit(taken).outcome == .configured)
    }

    @Test("Metadata that an update does not bring stays as it stands; an import brings its own")
    func keptMetadata() throws {
        var leader = try ModelLeader()
        var first = Fixture.endpoint("a")
        first.metadata.generateName = "a-"
        first.metadata.otherFields = #"{"finalizers":["x"]}"#
        try leader.apply(first)
        try leader.apply(Fixture.endpoint("a", containerID: "c1"))
        let kept = try #require(try leader.item("a")?.endpoint())
        #expect(kept.metadata.generateName == "a-")
        #expect(kept.metadata.otherFields == #"{"finalizers":["x"]}"#)
        #expect(kept.spec.containerID == "c1")
        #expect(try leader.apply(Fixture.endpoint("a", containerID: "c1")).outcome == .unchanged)
        _ = try leader.commit(
            Fixture.mutation(.importing, Fixture.endpoint("a", containerID: "c2"), ticket: 9))
        let imported = try #require(try leader.item("a")?.endpoint())
        #expect(imported.metadata.generateName == "")
        #expect(imported.metadata.otherFields == "")
    }

    @Test("A dry run says what would happen, and nothing does")
    func dryRun() throws {
        var leader = try ModelLeader()
        let wishes = [
            Fixture.mutation(.create, Fixture.endpoint("a"), ticket: 1, dryRun: .yes),
            Fixture.mutation(.create, Fixture.endpoint("a"), ticket: 2, dryRun: .yes),
            Fixture.mutation(.create, Fixture.endpoint("a"), ticket: 3),
            Fixture.mutation(.create, Fixture.endpoint("a"), ticket: 4, dryRun: .yes),
            Fixture.mutation(
                .apply, Fixture.endpoint("a", containerID: "c"), ticket: 5, dryRun: .yes),
        ]
        let plan = try leader.plan(wishes)
        #expect(plan.records.count == 1)
        #expect(
            plan.answers.map(\.answer.outcome) == [
                .created, .created, .created, .failed, .configured,
            ])
        // What speaks of the endpoint that this batch makes holds only when that is durable.
        #expect(plan.answers.map(\.dependsOnCommit) == [false, false, true, true, true])
        // The request ID of a dry run is not used up.
        leader.store(plan)
        let real = Fixture.mutation(
            .apply, Fixture.endpoint("a", containerID: "c"), request: "r-5", ticket: 6)
        #expect(try leader.commit(real).outcome == .configured)
    }

    // MARK: Batches

    @Test("Seqs have no gap and no repeat, in a batch and from batch to batch (G2)")
    func gapless() throws {
        var leader = try ModelLeader()
        var dice = Dice(seed: 2)
        var ticket: UInt64 = 0
        for _ in 0..<50 {
            var batch: [Mutation] = []
            for _ in 0..<dice.below(9) {
                ticket += 1
                let pod = "p\(dice.below(5))"
                batch.append(
                    dice.oneIn(3)
                        ? Fixture.delete(pod, ticket: ticket)
                        : Fixture.mutation(
                            .apply, Fixture.endpoint(pod, containerID: "\(dice.below(3))"),
                            ticket: ticket))
            }
            _ = try leader.commit(batch)
        }
        #expect(leader.records.map(\.seq.rawValue) == Array(1...UInt64(leader.records.count)))
        #expect(leader.core.head.seq.rawValue == UInt64(leader.records.count))
        var chain = Fixture.logID.chainOrigin
        for (record, stated) in zip(leader.records, leader.chains) {
            chain = chain.followed(by: record.hash)
            #expect(stated == chain)
        }
        #expect(leader.core.head.chain == chain)
    }

    @Test("A mutation is judged against the events before it in its own batch")
    func inBatch() throws {
        var leader = try ModelLeader()
        let endpoint = Fixture.endpoint("a")
        let answers = try leader.commit([
            Fixture.mutation(.create, endpoint, ticket: 1),
            Fixture.mutation(.create, endpoint, ticket: 2),
            Fixture.mutation(
                .replace, Fixture.endpoint("a", containerID: "c1"), ticket: 3, expectedSeq: 2),
            Fixture.mutation(
                .replace, Fixture.endpoint("a", containerID: "c2"), ticket: 4, expectedSeq: 2),
            Fixture.delete("a", ticket: 5),
            Fixture.delete("a", ticket: 6),
            Fixture.mutation(.apply, endpoint, ticket: 7),
        ])
        #expect(answers.map(\.ticket) == Array(1...7))
        #expect(
            answers.map(\.outcome)
                == [.created, .failed, .configured, .failed, .deleted, .failed, .created])
        #expect(answers.map(\.code)[1] == .alreadyExists)
        #expect(answers.map(\.code)[3] == .conflict)
        #expect(answers.map(\.code)[5] == .notFound)
        #expect(leader.item("a")?.previousSeq == Seq(4))
    }

    @Test("Answers that speak of the batch's own events wait for its commit, others need not (G1)")
    func dependence() throws {
        var leader = try ModelLeader()
        try leader.apply(Fixture.endpoint("a"))
        let plan = try leader.plan([
            Fixture.mutation(.apply, Fixture.endpoint("a"), ticket: 1),
            Fixture.delete("z", ticket: 2),
            Fixture.mutation(.create, Fixture.endpoint("b"), ticket: 3),
            Fixture.mutation(.apply, Fixture.endpoint("b"), ticket: 4),
            Fixture.mutation(.create, Fixture.endpoint("b"), ticket: 5),
            Fixture.mutation(.create, Fixture.endpoint("b"), request: "r-3", ticket: 6),
            Fixture.mutation(.create, Fixture.endpoint("c"), request: "r-3", ticket: 7),
            Fixture.delete("b", ticket: 8),
            Fixture.delete("b", ticket: 9),
        ])
        #expect(
            plan.answers.map(\.dependsOnCommit)
                == [false, false, true, true, true, true, true, true, true])
        #expect(plan.answers[6].answer.code == .requestIDReused)
    }

    @Test("A plan that was not committed leaves the leader as it was (G1)")
    func uncommitted() throws {
        var leader = try ModelLeader()
        let head = leader.core.head
        let failed = try leader.plan([Fixture.mutation(.create, Fixture.endpoint("a"))])
        #expect(failed.records.count == 1)
        #expect(leader.core.head == head)
        #expect(leader.core.view.count == 0)
        let again = try leader.commit(Fixture.mutation(.create, Fixture.endpoint("a")))
        #expect(again.outcome == .created)
        #expect(again.seq == Seq(2))
    }

    @Test("Time never goes back, and the clock as it was read is kept beside it (G14)")
    func time() throws {
        var leader = try ModelLeader()
        let readings: [Int64] = [1_700_000_100, 1_700_000_050, 1_700_000_100, 1_700_000_200]
        for (index, seconds) in readings.enumerated() {
            _ = try leader.commit(
                [
                    Fixture.mutation(
                        .apply, Fixture.endpoint("p\(index)"), ticket: UInt64(index) + 1)
                ], at: Timestamp(seconds: seconds))
        }
        let audits = try leader.records.dropFirst().map { try $0.audit() }
        #expect(
            audits.map(\.time.microseconds)
                == [100, 100, 100, 200].map { (1_700_000_000 + $0) * 1_000_000 })
        #expect(audits.map(\.wallTime) == readings.map { Timestamp(seconds: $0) })
    }

    @Test("The audit part says who, from where, by which request and in which epoch")
    func audit() throws {
        var leader = try ModelLeader()
        let mutation = Fixture.mutation(.create, Fixture.endpoint("a"), request: "req-1")
        _ = try leader.commit(mutation)
        let audit = try leader.records[1].audit()
        #expect(audit.actor == "tester")
        #expect(audit.address == "127.0.0.1:40112")
        #expect(audit.requestID == "req-1")
        #expect(audit.requestHash == mutation.requestHash)
        #expect(audit.epochNumber == 1)
        #expect(audit.origin == nil)
    }

    @Test("Keys that Unicode calls equal and bytes do not stay two endpoints (G12)")
    func keysByBytes() throws {
        var leader = try ModelLeader()
        var composed = Fixture.endpoint("a")
        composed.metadata.name = "caf\u{E9}"
        var combining = composed
        combining.metadata.name = "cafe\u{301}"
        let answers = try leader.commit([
            Fixture.mutation(.importing, composed, ticket: 1),
            Fixture.mutation(.importing, combining, ticket: 2),
        ])
        #expect(answers.map(\.outcome) == [.created, .created])
        #expect(leader.core.view.count == 2)
    }
}
