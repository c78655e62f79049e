internal import SQLiteStore

/// The first 100 bytes of the file, judged before SQLite's first statement: opening a stranger's file
/// could already change it, and a flipped bit here can make SQLite ignore the WAL, convert to
/// another encoding, or overwrite pages in use. Every field that our log never changes is held
/// to its value. (SQLite file format, section 1.3.)
enum LogFileHeader {
    static let byteCount = 100
    private static let magic = Array("SQLite format 3\0".utf8)

    /// Offset, width and value of the fields that stay as they were made.
    private static let constants: [(name: String, offset: Int, width: Int, value: Int64)] = [
        ("page size", 16, 2, Int64(LogSchema.pageSize)),
        ("write version", 18, 1, 2),
        ("read version", 19, 1, 2),
        ("reserved space", 20, 1, 0),
        ("maximum payload fraction", 21, 1, 64),
        ("minimum payload fraction", 22, 1, 32),
        ("leaf payload fraction", 23, 1, 32),
        ("schema format", 44, 4, 4),
        ("largest root page", 52, 4, 0),
        ("text encoding", 56, 4, 1),
        ("incremental vacuum", 64, 4, 0),
    ]

    /// Refuses a file that is empty, foreign, newer or damaged here. `anchored` says that a valid
    /// anchor lies beside it: then the file was ours, and what looks foreign is damage.
    ///
    /// The bytes come through the connection's own file: closing any other descriptor of the
    /// file would drop every lock that this process holds on it (POSIX record locks).
    static func check(
        _ connection: SQLiteConnection, _ path: String, anchored: LogAnchor?
    ) throws(LogError) {
        guard FileSystem.size(of: path) != 0 else { throw .emptyFile(path: path) }
        let header: [UInt8]
        do { header = try connection.fileBytes(count: byteCount) } catch {
            throw .reading(path, error)
        }
        guard header.starts(with: magic) else {
            throw refusal(path, anchored, "it does not begin as a SQLite database")
        }
        let application = integer(header, 68, 4)
        guard application == LogSchema.applicationID else {
            throw refusal(path, anchored, "its application_id is \(application)")
        }
        let version = Int(integer(header, 60, 4))
        guard version <= LogSchema.version else {
            throw .newerVersion(path: path, found: version, supported: LogSchema.version)
        }
        guard version == LogSchema.version else {
            throw refusal(path, anchored, "its user_version is \(version)")
        }
        for (name, offset, width, value) in constants {
            let found = integer(header, offset, width)
            guard found != value else { continue }
            throw .damaged(path: path, firstBad: nil, reason: "its header's \(name) is \(found)")
        }
        try checkFreelist(header, path)
    }

    /// Pages are free only where a tail has left the log, until its successors fill them; whether
    /// one has is seen in `meta`. That one of the two fields is 0 and not the other is never so.
    private static func checkFreelist(_ header: [UInt8], _ path: String) throws(LogError) {
        let (first, count) = (integer(header, 32, 4), integer(header, 36, 4))
        guard (first == 0) == (count == 0) else {
            throw .damaged(
                path: path, firstBad: nil,
                reason: "its header's first freelist page is \(first), of \(count)")
        }
    }

    private static func refusal(
        _ path: String, _ anchored: LogAnchor?, _ reason: String
    ) -> LogError {
        anchored == nil
            ? .notOurs(path: path, reason: reason)
            : .damaged(path: path, firstBad: nil, reason: reason)
    }

    private static func integer(_ header: [UInt8], _ offset: Int, _ width: Int) -> Int64 {
        header[offset..<offset + width].reduce(0) { $0 << 8 | Int64($1) }
    }
}
