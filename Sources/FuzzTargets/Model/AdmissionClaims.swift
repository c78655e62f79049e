internal import EndpointModel
internal import EndpointState
internal import ReplicaCore
internal import SyncProtocol

/// Whatever is wished of a leader: what it plans is canonical, folds, and is taken by a follower;
/// each wish has one answer, which fits a frame.
struct AdmissionClaims {
    private static let actor = Actor(name: "alice", proof: .unverified, address: "10.0.0.1:1")
    private static let time = Timestamp(seconds: 1_700_000_000)

    private var leader: LeaderCore
    private var follower: FollowerCore
    private var records: [EncodedRecord]

    private init() throws {
        let began = try KnownLog.begin()
        records = [began.record]
        leader = LeaderCore(
            view: began.view, head: began.head, lastTime: Self.time, pledge: .none, seed: (3, 5))
        follower = FollowerCore(
            view: began.view, head: began.head, lastTime: Self.time, pledge: .none)
    }

    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        var run = try AdmissionClaims()
        while !input.isEmpty {
            guard case .mutations(let wishes)? = try? ClientMessage(decoding: input.piece()) else {
                continue
            }
            try run.commit(wishes)
        }
    }

    private mutating func commit(_ wishes: [Mutation]) throws {
        var admitted: [AdmittedMutation] = []
        for wish in wishes {
            switch Admission.admit(wish, from: Self.actor) {
            case .success(let mutation): admitted.append(mutation)
            case .failure(let failure): try fits(failure.answer(ticket: wish.ticket))
            }
        }
        var plan = decide(admitted, searching: .withoutEvent)
        // As the log does: a batch with a request ID that it has is refused, and planned again.
        if plan.requests.contains(where: { find($0) != nil }) {
            plan = decide(admitted, searching: .everyRequest)
        }
        try claim(plan.answers.count == admitted.count, "\(plan.answers.count) answers")
        for answer in plan.answers { try fits(answer.answer) }
        try store(plan)
    }

    private mutating func decide(
        _ mutations: [AdmittedMutation], searching search: LeaderCore.RequestSearch
    ) -> CommitPlan {
        let known = self
        return leader.plan(
            mutations, at: Self.time, searching: search, findRequest: { known.find($0) },
            fetch: { known.records[Int($0.rawValue) - 1] })
    }

    private func find(_ mutation: AdmittedMutation) -> EncodedRecord? {
        records.first { record in
            guard let audit = try? record.audit() else { return false }
            return ByteOrder.equal(audit.requestID, mutation.requestID)
                && ByteOrder.equal(audit.actor, mutation.actor.name)
        }
    }

    private mutating func store(_ plan: CommitPlan) throws {
        let arrived = try plan.records.map { record in
            try mustRead("a planned record") { try EncodedRecord(validating: record.bytes) }
        }
        records += arrived
        _ = leader.committed(plan)
        let intake = try mustRead("a leader's records at a follower") {
            try follower.check(arrived, from: plan.head.epoch)
        }
        follower.committed(intake)
        try claim(follower.head == leader.head, "a follower's head")
        try claim(follower.view.count == leader.view.count, "a follower's state")
        for record in arrived {
            let key = record.item.key
            try claim(
                follower.view.item(forKey: key)?.hash == leader.view.item(forKey: key)?.hash,
                "a follower's \(key)")
        }
    }

    private func fits(_ answer: Answer) throws {
        let length = answer.encoded().count
        try claim(length <= Limits.frameBytes - 64, "an answer of \(length) bytes")
    }
}

/// A log whose first event begins an epoch.
enum KnownLog {
    static let logID = LogID(high: 0x4000, low: 0x8000_0000_0000_C0DE)
    static let epoch = Epoch(number: 1, leaderID: 7)

    static func begin() throws -> (record: EncodedRecord, view: EndpointView, head: Position) {
        let time = Timestamp(seconds: 1_700_000_000)
        let record = EncodedRecord(
            item: try .control(seq: Seq(1), .epoch(epoch)),
            audit: AuditPart(epochNumber: epoch.number, time: time, wallTime: time))
        var view = EndpointView()
        try view.fold(record.item)
        let chain = logID.chainOrigin.followed(by: record.hash)
        return (record, view, Position(logID: logID, epoch: epoch, seq: Seq(1), chain: chain))
    }
}
