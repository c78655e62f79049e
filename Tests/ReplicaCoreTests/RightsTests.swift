import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

@Suite("Rights in the leader's mind")
struct LeaderRightsTests {
    private static func actor(_ name: String) -> Actor {
        Actor(
            name: name, proof: .certificate, address: "127.0.0.1:1",
            identity: .proven(commonName: name, uris: []))
    }

    private static func rights(_ rules: [(String, Roles, SelectionTemplate)]) throws -> Rights {
        Rights(
            rules: try rules.map { name, roles, held in
                .init(
                    identity: try #require(NamePattern(name)), roles: roles, selection: held)
            })
    }

    /// A writer who is held to label app=frontend in namespace default, and others.
    private static func leader() throws -> ModelLeader {
        var leader = try ModelLeader()
        let held = SelectionTemplate(selector: "app == 'frontend'", namespace: "default")
        try leader.control(
            .rights(
                try rights([
                    ("writer", [.writer], held), ("reader", [.agent], .everything),
                    ("root", [.admin], .everything),
                ])))
        return leader
    }

    private static func answer(
        _ leader: inout ModelLeader, _ name: String, _ mutation: Mutation
    ) throws -> Answer {
        let plan = try leader.plan([mutation], from: actor(name))
        leader.store(plan)
        return try #require(plan.answers.first?.answer)
    }

    private static func endpoint(_ pod: String, app: String, containerID: String = "")
        -> WorkloadEndpoint
    {
        var endpoint = Fixture.endpoint(pod, containerID: containerID)
        endpoint.metadata.labels["app"] = app
        return endpoint
    }

    @Test("G13: a writer writes what it is held to, and nothing that is or would be beyond it")
    func writing() throws {
        var leader = try Self.leader()
        var ticket: UInt64 = 0
        func ask(_ name: String, _ operation: SyncProtocol.Operation, _ endpoint: WorkloadEndpoint)
            throws -> Answer
        {
            ticket += 1
            return try Self.answer(
                &leader, name, Fixture.mutation(operation, endpoint, ticket: ticket))
        }
        func delete(_ name: String, _ pod: String) throws -> Answer {
            ticket += 1
            return try Self.answer(&leader, name, Fixture.delete(pod, ticket: ticket))
        }
        let front = Self.endpoint("f", app: "frontend")
        let back = Self.endpoint("b", app: "backend")
        #expect(try ask("writer", .create, front).outcome == .created)
        #expect(try ask("root", .create, back).outcome == .created)
        // Not its own, nor to become its own, nor to be given away.
        #expect(try ask("writer", .create, Self.endpoint("x", app: "backend")).code == .notAllowed)
        let taken = Self.endpoint("b", app: "frontend")
        #expect(try ask("writer", .apply, taken).code == .notAllowed)
        #expect(try ask("writer", .create, taken).code == .notAllowed)
        #expect(try ask("writer", .replace, taken).code == .notFound)
        #expect(
            try ask("writer", .apply, Self.endpoint("f", app: "backend")).code == .notAllowed)
        #expect(try delete("writer", "b").code == .notFound)
        #expect(try delete("writer", "f").outcome == .deleted)
        // The refusals say nothing of what stands: there and not there answer alike.
        let absent = Self.endpoint("n", app: "backend")
        let hidden = Self.endpoint("b", app: "backend", containerID: "c1")
        for operation in [SyncProtocol.Operation.replace, .apply, .create] {
            let answers = [
                try ask("writer", operation, absent), try ask("writer", operation, hidden),
            ]
            #expect(answers.map(\.code) == [.notAllowed, .notAllowed])
        }
        let missing = Self.endpoint("n", app: "frontend")
        #expect(try ask("writer", .replace, missing).code == .notFound)
        #expect(try ask("writer", .create, taken).item == nil)
        for name in ["reader", "stranger"] {
            let refused = try ask(name, .apply, front)
            #expect(refused.code == .notAllowed)
            #expect(refused.message == "\(name) may not change endpoints")
        }
        #expect(leader.item("b")?.seq == Seq(4))
        #expect(leader.records.count == 5)
    }

    @Test("G13: the second of a batch is judged by what the first made")
    func batch() throws {
        var leader = try Self.leader()
        let other = Self.endpoint("f", app: "backend")
        let made = try leader.plan(
            [Fixture.mutation(.create, other, ticket: 1)], from: Self.actor("root"))
        let admitted = try [
            Admission.admit(
                Fixture.mutation(.create, other, ticket: 1), from: Self.actor("root")
            ).get(),
            Admission.admit(
                Fixture.mutation(.apply, Self.endpoint("f", app: "frontend"), ticket: 2),
                from: Self.actor("writer")
            ).get(),
        ]
        #expect(made.records.count == 1)
        let plan = leader.plan(admitted: admitted)
        #expect(plan.answers.map(\.answer.outcome) == [.created, .failed])
        #expect(plan.answers.last?.answer.code == .notAllowed)
    }

    @Test("G13: only an admin replaces rights, stays one, and replaces those that it has seen")
    func replacing() throws {
        let leader = try Self.leader()
        let root = Self.actor("root")
        let standing = leader.core.control.rights
        let wanted = try Self.rights([("root", [.admin], .everything)])
        func judged(_ wish: RightsWish) -> Result<Rights?, MutationFailure> {
            Result { () throws(MutationFailure) in try leader.core.judge(wish) }
        }
        func code(_ wish: RightsWish) -> FailureCode? {
            if case .failure(let failure) = judged(wish) { failure.code } else { nil }
        }
        #expect(
            try judged(RightsWish(rights: wanted, expectedSeq: standing.seq, actor: root)).get()
                == wanted)
        #expect(
            try judged(RightsWish(rights: wanted, expectedSeq: nil, actor: root)).get() == wanted)
        let same = try #require(standing.rights)
        #expect(try judged(RightsWish(rights: same, expectedSeq: nil, actor: root)).get() == nil)
        #expect(
            code(RightsWish(rights: wanted, expectedSeq: Seq(1), actor: root)) == .conflict)
        #expect(
            code(RightsWish(rights: wanted, expectedSeq: nil, actor: Self.actor("writer")))
                == .notAllowed)
        #expect(
            code(RightsWish(rights: Rights(), expectedSeq: nil, actor: root)) == .rightsLockout)
        let faulty = try Self.rights([("root", [], .everything)])
        #expect(code(RightsWish(rights: faulty, expectedSeq: nil, actor: root)) == .invalid)
    }

    @Test("G13: who has the leader's disk puts in force what it will, but nothing faulty")
    func own() throws {
        let leader = try Self.leader()
        #expect(
            try leader.core.judge(RightsWish(rights: Rights(), expectedSeq: nil, actor: nil))
                == Rights())
        let faulty = try Self.rights([("root", [], .everything)])
        #expect(throws: MutationFailure.self) {
            try leader.core.judge(RightsWish(rights: faulty, expectedSeq: nil, actor: nil))
        }
    }

    @Test("G13: before the first rights everybody may write, and put rights in force")
    func none() throws {
        var leader = try ModelLeader()
        let made = try Self.answer(
            &leader, "stranger", Fixture.mutation(.create, Fixture.endpoint("a")))
        #expect(made.outcome == .created)
        let stranger = Self.actor("stranger")
        let wanted = try Self.rights([("stranger", [.admin], .everything)])
        #expect(
            try leader.core.judge(RightsWish(rights: wanted, expectedSeq: nil, actor: stranger))
                == wanted)
    }
}
