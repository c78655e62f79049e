import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

/// Random mutations against the simplest thing that could be right: a dictionary.
@Suite("The leader and a dictionary")
struct ModelTests {
    struct Entry {
        var seq: UInt64
        var uid: UID
        var containerID: String
    }

    @Test("Any batches of mutations do what a dictionary does (G2, G5, G11)", arguments: 1...20)
    func dictionary(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        var leader = try ModelLeader()
        var model: [String: Entry] = [:]
        var seq: UInt64 = 1
        var answered: [(Mutation, Answer)] = []
        var ticket: UInt64 = 0
        for _ in 0..<120 {
            var batch: [Mutation] = []
            var expected: [(Outcome, FailureCode, UInt64?)] = []
            for _ in 0..<(1 + dice.below(6)) {
                ticket += 1
                if !answered.isEmpty, dice.oneIn(6) {
                    let (mutation, answer) = dice.pick(answered)
                    var retry = mutation
                    retry.ticket = ticket
                    batch.append(retry)
                    expected.append((answer.outcome, answer.code, answer.seq.rawValue))
                    continue
                }
                let mutation = Self.random(ticket, model, &dice)
                batch.append(mutation)
                expected.append(Self.judge(mutation, &model, &seq))
            }
            let answers = try leader.commit(batch)
            for (answer, want) in zip(answers, expected) {
                #expect(answer.outcome == want.0, "seed \(seed), ticket \(answer.ticket)")
                #expect(answer.code == want.1)
                if let at = want.2 { #expect(answer.seq.rawValue == at) }
            }
            for (mutation, answer) in zip(batch, answers) where Self.isStored(answer) {
                answered.append((mutation, answer))
            }
            for (pod, entry) in model where entry.uid == Self.unknown {
                model[pod]?.uid = leader.item(pod)?.uid ?? Self.unknown
            }
        }
        #expect(leader.core.view.count == model.count)
        #expect(leader.core.head.seq.rawValue == seq)
        for (pod, entry) in model {
            let item = try #require(leader.item(pod))
            #expect(item.seq.rawValue == entry.seq)
            #expect(item.uid == entry.uid)
            #expect(try item.endpoint().spec.containerID == entry.containerID)
        }
        #expect(leader.folded.digest == leader.folded.state.recomputedDigest())
    }

    /// The uid of no endpoint.
    static let unknown: UID = {
        var zeros = Zeros()
        return UID.random(using: &zeros)
    }()

    private struct Zeros: RandomNumberGenerator {
        mutating func next() -> UInt64 { 0 }
    }

    static func isStored(_ answer: Answer) -> Bool {
        switch answer.outcome {
        case .created, .configured, .deleted: true
        case .unchanged, .failed: false
        }
    }

    static func random(_ ticket: UInt64, _ model: [String: Entry], _ dice: inout Dice) -> Mutation {
        let pod = "p\(dice.below(6))"
        let entry = model[pod]
        var seq: UInt64?
        if dice.oneIn(3) { seq = dice.oneIn(2) ? entry?.seq : UInt64(1 + dice.below(40)) }
        let operation = dice.pick(SyncProtocol.Operation.allCases)
        if operation == .delete { return Fixture.delete(pod, ticket: ticket, expectedSeq: seq) }
        if operation == .create { seq = nil }
        let endpoint = Fixture.endpoint(pod, containerID: "c\(dice.below(3))")
        var prepared = endpoint
        if let whole = try? endpoint.prepared(for: .apply) { prepared = whole }
        return Fixture.mutation(operation, prepared, ticket: ticket, expectedSeq: seq)
    }

    /// What the mutation must do, and does to the model.
    static func judge(_ mutation: Mutation, _ model: inout [String: Entry], _ seq: inout UInt64)
        -> (Outcome, FailureCode, UInt64?)
    {
        let none = FailureCode("")
        let pod = String(mutation.key.name.dropFirst("node1-k8s-".count).dropLast("-eth0".count))
        let wanted = (try? mutation.decodedEndpoint())?.spec.containerID ?? ""
        guard let standing = model[pod] else {
            if mutation.operation == .replace || mutation.operation == .delete {
                return (.failed, .notFound, nil)
            }
            if mutation.expectedSeq != nil { return (.failed, .conflict, nil) }
            seq += 1
            model[pod] = Entry(seq: seq, uid: unknown, containerID: wanted)
            return (.created, none, seq)
        }
        if mutation.operation == .create { return (.failed, .alreadyExists, standing.seq) }
        if let expected = mutation.expectedSeq, expected.rawValue != standing.seq {
            return (.failed, .conflict, standing.seq)
        }
        if mutation.operation == .delete {
            seq += 1
            model[pod] = nil
            return (.deleted, none, seq)
        }
        if standing.containerID == wanted { return (.unchanged, none, standing.seq) }
        seq += 1
        model[pod] = Entry(seq: seq, uid: standing.uid, containerID: wanted)
        return (.configured, none, seq)
    }
}
