package import EndpointModel
internal import SQLiteStore

/// Reads a log on a connection that cannot write. Not Sendable: one owner at a time; open as
/// many as there are threads that read.
///
/// No call holds a read transaction beyond its own page, so a reader never keeps the WAL from
/// being reused while it does something else, such as writing to a socket.
package final class LogReader {
    package let logID: LogID
    /// What the log was held to at opening; nil for a copy that came without its anchor, of
    /// which nobody can say whether its end is missing.
    package let anchor: LogAnchor?
    /// The file that is read: a private copy when the directory could not be written.
    package let path: String
    /// Where the log lies, or its private copy.
    package var directory: String { String(path.dropLast(DataDirectory.Name.log.count + 1)) }
    let queries: EventQueries
    private let limits: LogLimits
    private let copy: PrivateCopy?

    private init(
        _ queries: EventQueries, _ anchor: LogAnchor?, _ limits: LogLimits, _ copy: PrivateCopy?
    ) {
        self.queries = queries
        self.anchor = anchor
        self.limits = limits
        self.copy = copy
        logID = queries.logID
        path = queries.path
    }

    /// Where the reader works.
    package enum Place: Sendable {
        /// In the directory; on a private copy when that, or its `-wal` or `-shm`, cannot be
        /// written: reading a WAL takes a shared-memory file beside it.
        case automatic
        /// On a private copy, whatever may be written.
        case privateCopy
    }

    /// Opens the log of a running node, a stopped one, or a copied directory. Refuses what the
    /// writer would refuse, but for the events themselves, which are checked when they are read.
    package static func open(
        directory: String, place: Place = .automatic, settings: LogSettings = LogSettings()
    ) throws(LogError) -> LogReader {
        let original = DataDirectory.logPath(in: directory)
        let anchorPath = DataDirectory.anchorPath(in: directory)
        // Before the log: a live log only grows, so it is never behind an anchor read first.
        let anchor = try AnchorFile.read(anchorPath, on: settings.disk)
        guard FileSystem.exists(original) else {
            guard let seq = anchor?.head.seq, seq > .zero else { throw .logMissing(path: original) }
            throw .damaged(path: original, firstBad: Seq(1), reason: "it is gone")
        }
        let copy = try copyIfNeeded(original, directory, place)
        let path = copy?.logPath ?? original
        do throws(LogError) {
            let connection = try LogConnection.reader(path, settings, anchored: anchor)
            let logID = try LogInspection.identify(connection, path, anchor, expecting: nil)
            let queries = try EventQueries(
                connection, logID: logID, path: path, limits: settings.limits)
            _ = try LogInspection.head(queries, anchor)
            return LogReader(queries, anchor, settings.limits, copy)
        } catch { throw DamageSearch.locate(error, in: path, anchor, settings) }
    }

    private static func copyIfNeeded(
        _ path: String, _ directory: String, _ place: Place
    ) throws(LogError) -> PrivateCopy? {
        let isWritable =
            FileSystem.isWritable(directory)
            && ["-wal", "-shm"].allSatisfy { suffix in
                !FileSystem.exists(path + suffix) || FileSystem.isWritable(path + suffix)
            }
        switch place {
        case .automatic where isWritable: return nil
        case .automatic, .privateCopy: return try PrivateCopy(of: path)
        }
    }

    /// The newest event's seq and chain hash, its row checked.
    package var head: LogHead {
        get throws(LogError) {
            let found = try queries.head()
            guard found.seq > .zero else { return found }
            guard let row = try queries.row(at: found.seq) else {
                throw queries.damage(found.seq, "it cannot be found")
            }
            return row.head
        }
    }

    /// The first event that the log holds, or will hold.
    package var firstSeq: Seq { Seq(1) }

    /// Rows from `first` on, in order and without a gap: at most `limit` (and 1,000), at most
    /// `maxBytes` of record bytes unless the first alone has more. Empty behind the head. Each
    /// row is held to its hash and to the chain (G3); damage throws with the first bad seq.
    package func rows(
        from first: Seq, limit: Int? = nil, maxBytes: Int? = nil
    ) throws(LogError) -> [LogRow] {
        try queries.rows(
            from: first, limit: limit ?? limits.pageRows, maxBytes: maxBytes ?? limits.pageBytes)
    }

    /// One event, checked; nil behind the head.
    package func row(at seq: Seq) throws(LogError) -> LogRow? { try queries.row(at: seq) }

    /// The chain hash at a seq, of a checked row; nil behind the head.
    package func chain(at seq: Seq) throws(LogError) -> Hash256? {
        seq == .zero ? logID.chainOrigin : try queries.row(at: seq)?.chain
    }

    /// The seq of the event that a request made, as `LogWriter.seq(ofRequest:)`.
    package func seq(ofRequest key: RequestKey) throws(LogError) -> Seq? {
        try queries.seq(of: key)
    }

    /// Bytes of the database file and its WAL.
    package var bytesOnDisk: UInt64 {
        (FileSystem.size(of: path) ?? 0) &+ (FileSystem.size(of: path + "-wal") ?? 0)
    }
}
