import EndpointModel
import EndpointState
import ReplicaCore
import SyncProtocol
import Testing

/// SplitMix64: the same numbers from the same seed on every machine.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

enum Fixture {
    static let logID = LogID(high: 0x4000, low: 0x8000_0000_0000_c0de)
    static let epoch = Epoch(number: 1, leaderID: 7)
    static let time = Timestamp(seconds: 1_700_000_000)
    static let actor = Actor(name: "tester", proof: .unverified, address: "127.0.0.1:40112")

    /// A valid endpoint of a pod; its name derives from pod and node.
    static func endpoint(_ pod: String, containerID: String = "") -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = "default"
        endpoint.metadata.labels = ["app": "frontend"]
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = "node1"
        endpoint.spec.pod = pod
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali1"
        endpoint.spec.containerID = containerID
        endpoint.spec.ipNetworks = ["10.0.0.1/32"]
        return endpoint
    }

    static func name(_ pod: String) -> String { "node1-k8s-\(pod)-eth0" }
    static func key(_ pod: String) -> EndpointKey {
        EndpointKey(namespace: "default", name: name(pod))
    }

    static func mutation(
        _ operation: SyncProtocol.Operation, _ endpoint: WorkloadEndpoint, request: String = "",
        ticket: UInt64 = 1, expectedSeq: UInt64? = nil, expectedUID: UID? = nil,
        origin: Origin? = nil, dryRun: DryRun = .no
    ) -> Mutation {
        Mutation(
            ticket: ticket, requestID: request.isEmpty ? "r-\(ticket)" : request,
            operation: operation, key: endpoint.key, endpoint: endpoint.encodedEndpoint(),
            expectedSeq: expectedSeq.map { Seq($0) }, expectedUID: expectedUID, origin: origin,
            dryRun: dryRun)
    }

    static func delete(
        _ pod: String, request: String = "", ticket: UInt64 = 1, expectedSeq: UInt64? = nil,
        expectedUID: UID? = nil
    ) -> Mutation {
        Mutation(
            ticket: ticket, requestID: request.isEmpty ? "r-\(ticket)" : request,
            operation: .delete, key: key(pod), expectedSeq: expectedSeq.map { Seq($0) },
            expectedUID: expectedUID)
    }

    /// The record of the event that begins the first epoch.
    static func begin() throws -> EncodedRecord {
        EncodedRecord(
            item: try .control(seq: Seq(1), .epoch(epoch)),
            audit: AuditPart(epochNumber: epoch.number, time: time, wallTime: time))
    }
}

/// A leader with a log in memory: what the server does around the core, without a disk.
struct ModelLeader {
    private(set) var core: LeaderCore
    /// The same events, folded by the other path.
    private(set) var folded: EndpointView
    private(set) var records: [EncodedRecord]
    private(set) var chains: [Hash256]
    private var nextTicket: UInt64 = 1_000

    init() throws {
        let first = try Fixture.begin()
        var view = EndpointView()
        try view.fold(first.item)
        let chain = Fixture.logID.chainOrigin.followed(by: first.hash)
        let head = Position(logID: Fixture.logID, epoch: Fixture.epoch, seq: Seq(1), chain: chain)
        folded = view
        core = LeaderCore(
            view: view, head: head, lastTime: Fixture.time, pledge: .none, seed: (3, 5))
        records = [first]
        chains = [chain]
    }

    /// What the answers would be if the transaction failed is in the plan; here it never does.
    mutating func commit(_ mutations: [Mutation], at time: Timestamp = Fixture.time) throws
        -> [Answer]
    {
        let plan = try plan(mutations, at: time)
        store(plan)
        return plan.answers.map(\.answer)
    }

    mutating func plan(
        _ mutations: [Mutation], from actor: Actor = Fixture.actor,
        at time: Timestamp = Fixture.time
    ) throws -> CommitPlan {
        try plan(admitted: mutations.map { try Admission.admit($0, from: actor).get() }, at: time)
    }

    mutating func plan(admitted: [AdmittedMutation], at time: Timestamp = Fixture.time)
        -> CommitPlan
    {
        let plan = decide(admitted, at: time, searching: .withoutEvent)
        // As the log does: a batch with a request ID that it has is refused, and planned again.
        guard plan.requests.contains(where: { find($0) != nil }) else { return plan }
        return decide(admitted, at: time, searching: .everyRequest)
    }

    private mutating func decide(
        _ admitted: [AdmittedMutation], at time: Timestamp,
        searching search: LeaderCore.RequestSearch
    ) -> CommitPlan {
        let fixture = self
        return core.plan(
            admitted, at: time, searching: search, findRequest: { fixture.find($0) },
            fetch: { seq in fixture.records[Int(seq.rawValue) - 1] })
    }

    private func find(_ mutation: AdmittedMutation) -> EncodedRecord? {
        records.first { record in
            guard let audit = try? record.audit() else { return false }
            return audit.actor == mutation.actor.name && audit.requestID == mutation.requestID
        }
    }

    mutating func store(_ plan: CommitPlan) {
        records += plan.records
        chains += plan.chains
        for change in core.committed(plan) {
            #expect(throws: Never.self) { try folded.fold(change.item) }
        }
    }

    /// A control event in a batch of its own.
    mutating func control(_ event: ControlEvent) throws {
        let plan = try core.plan([event], by: nil, at: Fixture.time)
        records += plan.records
        chains += plan.chains
        for change in core.committed(plan) { try folded.fold(change.item) }
    }

    /// One mutation in a batch of its own.
    mutating func commit(_ mutation: Mutation) throws -> Answer { try commit([mutation])[0] }

    @discardableResult
    mutating func apply(_ endpoint: WorkloadEndpoint) throws -> Answer {
        nextTicket += 1
        return try commit(Fixture.mutation(.apply, endpoint, ticket: nextTicket))
    }

    func item(_ pod: String) -> EncodedItem? { core.view.item(forKey: Fixture.key(pod)) }
}
