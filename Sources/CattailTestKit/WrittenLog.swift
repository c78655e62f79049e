package import EndpointModel
internal import LogStore

/// The log of a data directory that no node holds, written event by event: what a leader of
/// another version might have left there, whether or not this one has rules for it.
package struct WrittenLog {
    package enum Event: Sendable {
        case put(WorkloadEndpoint)
        /// Of what lives; or of what does not, which no rule of this version allows.
        case delete(EndpointKey)
        case control(ControlEvent)
    }

    package let directory: String
    package private(set) var records: [EncodedRecord] = []
    private var chain: Hash256
    private var last: [EndpointKey: EncodedItem] = [:]

    /// Makes the directory and a log whose first event begins an epoch.
    package init(in directory: String) throws {
        let logID = LogID(high: 0x1907_4000, low: 0x8000_0000_0000_0019)
        self.directory = directory
        chain = logID.chainOrigin
        let held = try DataDirectory.acquire(directory)
        try LogWriter.create(in: held, logID: logID).close()
        held.release()
        try append(.control(.epoch(Epoch(number: 1, leaderID: 7))))
    }

    package mutating func append(_ events: Event...) throws {
        let held = try DataDirectory.acquire(directory)
        defer { held.release() }
        let writer = try LogWriter.open(in: held)
        try writer.append(try events.map { LogEntry(row: try row($0), request: nil) })
        try writer.close()
    }

    private mutating func row(_ event: Event) throws -> LogRow {
        let time = Timestamp(seconds: 1_700_000_000)
        let record = EncodedRecord(
            item: try item(event), audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
        records.append(record)
        chain = chain.followed(by: record.hash)
        return LogRow(
            seq: record.seq, record: record.bytes, recordHash: record.hash, chain: chain)
    }

    private mutating func item(_ event: Event) throws -> EncodedItem {
        let seq = Seq(UInt64(records.count) + 1)
        switch event {
        case .control(let control): return try .control(seq: seq, control)
        case .delete(let key):
            let item = try EncodedItem.delete(
                seq: seq, previousSeq: last[key]?.seq ?? .zero, key: key, uid: uid(of: key, seq))
            last[key] = item
            return item
        case .put(let endpoint):
            let key = endpoint.key
            let live = last[key].flatMap { $0.kind == .put ? $0 : nil }
            let item = try EncodedItem.put(
                seq: seq, previousSeq: last[key]?.seq ?? .zero, key: key, uid: uid(of: key, seq),
                creationTime: live?.creationTime ?? Timestamp(seconds: 1_700_000_000),
                endpoint: EncodedEndpoint(validating: endpoint.encodedEndpoint()))
            last[key] = item
            return item
        }
    }

    private func uid(of key: EndpointKey, _ seq: Seq) -> UID {
        if let live = last[key], live.kind == .put, let uid = live.uid { return uid }
        var generator = Numbers(next: seq.rawValue)
        return .random(using: &generator)
    }
}

/// Uids need to be different here, and the same for the same seq.
private struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(next state: UInt64) { self.state = state }

    mutating func next() -> UInt64 {
        state &+= 1 << 32
        return state
    }
}
