import EndpointModel
import ReplicaCore
import SyncProtocol
import Testing

@Suite("Request IDs")
struct RequestTests {
    @Test("A retry in the same batch takes effect once and gets the same answer (G11)")
    func sameBatch() throws {
        var leader = try ModelLeader()
        let answers = try leader.commit([
            Fixture.mutation(.create, Fixture.endpoint("a"), request: "once", ticket: 1),
            Fixture.mutation(.create, Fixture.endpoint("a"), request: "once", ticket: 2),
        ])
        #expect(answers.map(\.outcome) == [.created, .created])
        #expect(answers.map(\.seq) == [Seq(2), Seq(2)])
        #expect(answers.map(\.ticket) == [1, 2])
        #expect(leader.records.count == 2)
    }

    @Test("A retry of any operation, much later, takes effect once and gets the same answer (G11)")
    func later() throws {
        var leader = try ModelLeader()
        let requests = [
            Fixture.mutation(.create, Fixture.endpoint("a"), request: "q1", ticket: 1),
            Fixture.mutation(
                .apply, Fixture.endpoint("a", containerID: "c1"), request: "q2", ticket: 2),
            Fixture.mutation(
                .replace, Fixture.endpoint("a", containerID: "c2"), request: "q3", ticket: 3,
                expectedSeq: 3),
            Fixture.delete("a", request: "q4", ticket: 4),
            Fixture.mutation(.apply, Fixture.endpoint("a"), request: "q5", ticket: 5),
        ]
        var first: [Answer] = []
        for request in requests { first.append(try leader.commit(request)) }
        #expect(
            first.map(\.outcome) == [.created, .configured, .configured, .deleted, .created])
        let stored = leader.records.count
        for (request, answer) in zip(requests, first) {
            var retry = request
            retry.ticket += 100
            let again = try leader.commit(retry)
            #expect(again.ticket == retry.ticket)
            #expect(again.outcome == answer.outcome)
            #expect(again.seq == answer.seq)
        }
        #expect(leader.records.count == stored)
    }

    @Test("The same ID with another body is an error, in the batch and in the log (G11)")
    func otherBody() throws {
        var leader = try ModelLeader()
        let answers = try leader.commit([
            Fixture.mutation(.create, Fixture.endpoint("a"), request: "q", ticket: 1),
            Fixture.mutation(.create, Fixture.endpoint("b"), request: "q", ticket: 2),
        ])
        #expect(answers[1].code == .requestIDReused)
        let later = Fixture.mutation(.create, Fixture.endpoint("b"), request: "q", ticket: 3)
        #expect(try leader.commit(later).code == .requestIDReused)
        #expect(leader.records.count == 2)
    }

    @Test("Request IDs belong to their actor (G11)")
    func scope() throws {
        var leader = try ModelLeader()
        _ = try leader.commit(Fixture.mutation(.create, Fixture.endpoint("a"), request: "q"))
        let other = Actor(name: "another", proof: .unverified, address: "")
        let wish = Fixture.mutation(.create, Fixture.endpoint("b"), request: "q", ticket: 2)
        let plan = try leader.plan([wish], from: other)
        #expect(plan.answers.map(\.answer.outcome) == [.created])
    }

    @Test("Two actors may use the same request ID in one batch (G11)")
    func scopeInBatch() throws {
        var leader = try ModelLeader()
        let other = Actor(name: "another", proof: .unverified, address: "")
        let wish = Fixture.mutation(.create, Fixture.endpoint("a"), request: "q", ticket: 1)
        let otherWish = Fixture.mutation(.create, Fixture.endpoint("b"), request: "q", ticket: 2)
        let plan = leader.plan(admitted: [
            try Admission.admit(wish, from: Fixture.actor).get(),
            try Admission.admit(otherWish, from: other).get(),
        ])
        #expect(plan.answers.map(\.answer.outcome) == [.created, .created])
        #expect(plan.records.map(\.item.key) == [Fixture.key("a"), Fixture.key("b")])
    }
}
