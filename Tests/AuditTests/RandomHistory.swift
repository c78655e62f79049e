import EndpointModel
import LogStore
import Projection

/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A log in an array: what views and audits need of one, in pages that are small on purpose.
final class ArrayLog: EventSource {
    let logID: LogID
    var rows: [LogRow] = []
    var pageRows = 7

    init(logID: LogID = LogID(high: 0x1111_4111, low: 2 << 62 | 5)) { self.logID = logID }

    var head: LogHead {
        get throws(LogError) {
            rows.last.map { LogHead(seq: $0.seq, chain: $0.chain) } ?? .origin(of: logID)
        }
    }

    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow] {
        guard first > .zero, first.rawValue <= UInt64(rows.count) else { return [] }
        let begin = Int(first.rawValue) - 1
        return Array(rows[begin..<min(rows.count, begin + min(limit ?? pageRows, pageRows))])
    }

    func append(_ item: EncodedItem, audit: AuditPart) {
        let record = EncodedRecord(item: item, audit: audit)
        let chain = (rows.last?.chain ?? logID.chainOrigin).followed(by: record.hash)
        rows.append(
            LogRow(seq: item.seq, record: record.bytes, recordHash: record.hash, chain: chain))
    }
}

/// Random mutations of few keys, and by their side the plainest model of what they mean: the
/// whole state after every seq.
struct RandomHistory {
    let log = ArrayLog()
    /// `states[n]` is the state after seq n.
    private(set) var states: [[EndpointKey: EncodedItem]] = [[:]]
    private(set) var items: [EncodedItem] = []
    private var generator: SeededGenerator
    private let keyCount: Int
    private var last: [EndpointKey: Seq] = [:]
    private var time: Int64 = 1_700_000_000_000_000

    init(seed: UInt64, events: Int, keys: Int = 12) throws {
        generator = SeededGenerator(state: seed)
        keyCount = keys
        try append(events)
    }

    static func key(_ number: Int) -> EndpointKey {
        EndpointKey(namespace: "ns-\(number % 3)", name: "node-k8s-pod--\(number)-eth0")
    }

    var keys: [EndpointKey] { (0..<keyCount).map(Self.key) }

    mutating func append(_ events: Int) throws {
        for _ in 0..<events { try appendOne() }
    }

    private mutating func appendOne() throws {
        let seq = Seq(UInt64(items.count) + 1)
        let item = try seq == Seq(1) || one(in: 25) ? control(seq) : mutation(seq)
        var state = states[items.count]
        if item.kind == .put { state[item.key] = item }
        if item.kind == .delete { state[item.key] = nil }
        if item.kind != .control { last[item.key] = seq }
        // Several events share a time, as those of one batch do.
        if one(in: 2) { time += Int64.random(in: 1...2_000_000, using: &generator) }
        log.append(
            item,
            audit: AuditPart(
                epochNumber: 1, time: Timestamp(microseconds: time),
                wallTime: Timestamp(microseconds: time), actor: "actor-\(seq.rawValue % 3)",
                requestID: "r-\(seq)"))
        items.append(item)
        states.append(state)
    }

    /// Goes on with a critical event of an unknown type and then with what no rule of this version
    /// allows; the model's states end before it.
    func appendUnknown() throws {
        let seq = UInt64(items.count) + 1
        var generator = SeededGenerator(state: seq)
        let key = keys[0]
        let events = [
            try EncodedItem.control(seq: Seq(seq), .unknown(type: 900, criticality: .critical)),
            try EncodedItem.delete(
                seq: Seq(seq + 1), previousSeq: .zero, key: key, uid: .random(using: &generator)),
            try EncodedItem.delete(
                seq: Seq(seq + 2), previousSeq: .zero, key: key, uid: .random(using: &generator)),
            try EncodedItem.control(seq: Seq(seq + 3), .unknown(type: 901, criticality: .critical)),
        ]
        for item in events {
            let time = Timestamp(microseconds: time)
            log.append(item, audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
        }
    }

    private func control(_ seq: Seq) throws -> EncodedItem {
        let event =
            seq == Seq(1)
            ? ControlEvent.epoch(Epoch(number: 1, leaderID: 7))
            : .unknown(type: 900, criticality: .ignorable)
        return try EncodedItem.control(seq: seq, event)
    }

    private mutating func mutation(_ seq: Seq) throws -> EncodedItem {
        let key = Self.key(Int.random(in: 0..<keyCount, using: &generator))
        let live = states[items.count][key]
        let previous = last[key] ?? .zero
        if let uid = live?.uid, one(in: 3) {
            return try EncodedItem.delete(seq: seq, previousSeq: previous, key: key, uid: uid)
        }
        let uid = live?.uid ?? .random(using: &generator)
        let created = live?.creationTime ?? Timestamp(microseconds: time)
        return try endpoint().encodedEndpoint().withUnsafeBytes {
            try EncodedItem.put(
                seq: seq, previousSeq: previous, key: key, uid: uid, creationTime: created,
                endpoint: $0)
        }
    }

    private mutating func endpoint() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.labels = ["app": "app-\(Int.random(in: 0..<3, using: &generator))"]
        endpoint.spec.node = "node-\(Int.random(in: 0..<3, using: &generator))"
        let typed = [
            ["10.0.0.1/32"], ["10.0.0.1"], ["10.0.0.2/32", "fd00::1/128"], ["FD00:0::1"], [],
        ]
        endpoint.spec.ipNetworks = typed[Int.random(in: 0..<typed.count, using: &generator)]
        endpoint.spec.ports = [
            EndpointPort(
                name: "http", transport: .name("TCP"),
                port: UInt16.random(in: 8_000...8_001, using: &generator))
        ]
        return endpoint
    }

    private mutating func one(in count: Int) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }
}
