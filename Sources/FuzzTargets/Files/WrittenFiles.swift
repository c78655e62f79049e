internal import EndpointModel
internal import LogStore

/// A log of known events, and its files as a killed node leaves them: most of it in the file, the
/// last events in the WAL alone.
struct WrittenFiles: Sendable {
    let history: KnownHistory
    let log: [UInt8]
    let wal: [UInt8]
    let anchor: [UInt8]

    /// Made once.
    static let known = Result { try WrittenFiles() }

    var rows: [LogRow] { history.rows }

    /// Enough for trees of more than one page.
    private static let checkpointed = 100
    private static let inWAL = 3

    private init() throws {
        let folder = try ScratchFolder()
        let directory = try DataDirectory.acquire(folder.path)
        defer { directory.release() }
        var history = KnownHistory()
        let first = try LogWriter.create(in: directory, logID: KnownLog.logID)
        try first.append(history.entries(Self.checkpointed))
        try first.close()
        let second = try LogWriter.open(in: directory)
        for _ in 0..<Self.inWAL { try second.append(history.entries(1)) }
        log = try folder.read(DataDirectory.Name.log)
        wal = try folder.read(DataDirectory.Name.log + "-wal")
        anchor = try folder.read(DataDirectory.Name.anchor)
        self.history = history
        try second.close()
    }

    /// The request of an event.
    static func request(_ seq: Seq) -> RequestKey {
        let padding = String(repeating: "-", count: 100)
        return RequestKey(actor: "alice", requestID: "request\(padding)\(seq)")
    }
}

/// Events of two endpoints, one after the other.
struct KnownHistory: Sendable {
    private(set) var rows: [LogRow] = []
    private var last: [Seq] = [.zero, .zero]

    mutating func entries(_ count: Int) throws -> [LogEntry] {
        try (0..<count).map { _ in try next() }
    }

    private static func place(of seq: Seq) -> Int { Int(seq.rawValue % 2) }

    private mutating func next() throws -> LogEntry {
        let seq = Seq(UInt64(rows.count) + 1)
        let time = Timestamp(seconds: 1_700_000_000 + Int64(rows.count))
        let record = EncodedRecord(
            item: try item(seq),
            audit: AuditPart(epochNumber: 1, time: time, wallTime: time, actor: "alice"))
        let before = rows.last?.chain ?? KnownLog.logID.chainOrigin
        let entry = LogEntry(
            record, chain: before.followed(by: record.hash), request: WrittenFiles.request(seq))
        rows.append(entry.row)
        return entry
    }

    private mutating func item(_ seq: Seq) throws -> EncodedItem {
        guard seq > Seq(1) else { return try .control(seq: seq, .epoch(KnownLog.epoch)) }
        let place = Self.place(of: seq)
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.labels = ["turn": "\(seq)"]
        let item = try EncodedItem.put(
            seq: seq, previousSeq: last[place],
            key: EndpointKey(namespace: "shop", name: "endpoint-\(place)"),
            uid: UID("11111111-2222-4333-8444-55555555555\(place)").known(),
            creationTime: Timestamp(seconds: 1_700_000_000),
            endpoint: EncodedEndpoint(validating: endpoint.encodedEndpoint()))
        last[place] = seq
        return item
    }
}

extension UID? {
    fileprivate func known() throws -> UID {
        guard let self else { throw BrokenClaim(description: "no UID") }
        return self
    }
}
