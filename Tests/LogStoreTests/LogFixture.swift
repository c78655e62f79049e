import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore

/// SplitMix64: the same values for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// What a log should hold: made from a seed, and kept to compare with.
struct History {
    static let logID = LogID(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF)

    private(set) var rows: [LogRow] = []
    private var generator: SeededGenerator

    init(seed: UInt64 = 1) { generator = SeededGenerator(seed: seed) }

    var head: LogHead {
        rows.last.map { LogHead(seq: $0.seq, chain: $0.chain) } ?? .origin(of: Self.logID)
    }

    /// Keeps the memory of long histories small.
    mutating func forgetAllButLast() { rows.removeFirst(max(0, rows.count - 1)) }

    static func request(_ seq: UInt64) -> RequestKey {
        RequestKey(actor: "actor-\(seq % 3)", requestID: "request-\(seq)")
    }

    /// The next entries, with records of `itemBytes` and a request each.
    mutating func entries(_ count: Int, itemBytes: Int = 350) -> [LogEntry] {
        (0..<count).map { _ in
            let record = Self.record(
                item: bytes(itemBytes), audit: bytes(80))
            let hash = Self.recordHash(record.item, record.audit)
            let head = self.head
            let row = LogRow(
                seq: head.seq.next, record: record.bytes, recordHash: hash,
                chain: head.chain.followed(by: hash))
            rows.append(row)
            return LogEntry(row: row, request: Self.request(row.seq.rawValue))
        }
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    static func record(
        item: [UInt8], audit: [UInt8]
    ) -> (item: [UInt8], audit: [UInt8], bytes: [UInt8]) {
        let bytes = [0x0A] + varint(item.count) + item + [0x12] + varint(audit.count) + audit
        return (item, audit, bytes)
    }

    static func recordHash(_ item: [UInt8], _ audit: [UInt8]) -> Hash256 {
        Hash256.of(item).followed(by: Hash256.of(audit))
    }

    static func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F | 0x80)] + varint(value >> 7)
    }
}

/// A data directory in a folder of its own, held while this value lives.
struct LogFixture {
    let folder: TemporaryFolder
    let directory: String
    let held: DataDirectory

    init() throws {
        folder = try TemporaryFolder()
        directory = folder.path("data")
        held = try DataDirectory.acquire(directory)
    }

    var logPath: String { DataDirectory.logPath(in: directory) }
    var walPath: String { logPath + "-wal" }
    var anchorPath: String { DataDirectory.anchorPath(in: directory) }

    func create(_ settings: LogSettings = LogSettings()) throws(LogError) -> LogWriter {
        try LogWriter.create(in: held, logID: History.logID, settings: settings)
    }

    func open(
        expecting logID: LogID? = nil, _ settings: LogSettings = LogSettings()
    ) throws(LogError) -> LogWriter {
        try LogWriter.open(in: held, expecting: logID, settings: settings)
    }

    /// Leaves a log of `checkpointed` events in the file and `inWAL` more in the WAL, as a killed
    /// process would, and gives back what it must hold.
    func killed(
        checkpointed: Int, inWAL: Int, seed: UInt64 = 1, _ settings: LogSettings = LogSettings()
    ) throws -> History {
        var history = History(seed: seed)
        let first = try create(settings)
        try first.append(history.entries(checkpointed))
        try first.close()
        let second = try open(settings)
        for _ in 0..<inWAL { try second.append(history.entries(1)) }
        return history
    }

    func read(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    func write(_ data: Data, to path: String) throws {
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// Every row, page by page.
    static func all(_ reader: LogReader) throws(LogError) -> [LogRow] {
        var rows: [LogRow] = []
        while true {
            let page = try reader.rows(from: Seq(UInt64(rows.count) + 1))
            if page.isEmpty { return rows }
            rows += page
        }
    }
}

/// A reader that keeps its snapshot open, as ours never do.
struct SnapshotHolder {
    private let connection: SQLiteConnection

    init(_ path: String) throws {
        connection = try SQLiteConnection(path: path, access: .readOnly)
        try connection.keepWALOnClose()
        try connection.execute("BEGIN")
        _ = try lastSeq()
    }

    func lastSeq() throws -> Int64? {
        try connection.integer("SELECT max(seq) FROM events")
    }

    func release() throws { try connection.execute("ROLLBACK") }
}
