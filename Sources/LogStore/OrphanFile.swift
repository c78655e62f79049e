package import EndpointModel
internal import SQLiteStore

/// A tail that left the log because a new leader's history lacks it, in a file of its own beside
/// the log: `DIR/orphaned-EPOCH-FIRST-LAST.sqlite`. Its table `events` is the log's, for the
/// ordinary `sqlite3` shell too; table `orphan` says of which log it was and where it parted.
///
/// It is written under another name, synced and renamed before anything leaves the log, and never
/// touched again: whoever runs the node decides what becomes of it.
package struct OrphanFile: Sendable {
    package let path: String
    package let logID: LogID
    /// The position that the tail followed.
    package let parting: LogHead
    /// The epoch of its last event.
    package let epochNumber: UInt64
    package let first: Seq
    package let last: Seq

    package var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    static let prefix = DataDirectory.Name.orphaned
    private static let suffix = ".sqlite"

    /// Those of a data directory, the oldest epoch first.
    package static func all(in directory: String) throws(LogError) -> [OrphanFile] {
        var found: [OrphanFile] = []
        for name in try FileSystem.names(in: directory)
        where name.hasPrefix(prefix + "-") && name.hasSuffix(suffix) {
            found.append(try read(directory + "/" + name))
        }
        return found.sorted { ($0.epochNumber, $0.first) < ($1.epochNumber, $1.first) }
    }

    private static func read(_ path: String) throws(LogError) -> OrphanFile {
        do {
            let query = try SQLiteStatement(
                open(path), "SELECT log_id, after_seq, after_chain, epoch, last FROM orphan")
            guard try query.step(), let logID = query.withBlob(0, { LogID(bytes: $0) }) ?? nil,
                let after = seq(query, 1),
                let chain = query.withBlob(2, { Hash256(bytes: $0) }) ?? nil,
                let epoch = query.integer(3), let last = seq(query, 4), last > after
            else {
                throw LogError.damaged(
                    path: path, firstBad: nil, reason: "it does not say what it is")
            }
            return OrphanFile(
                path: path, logID: logID, parting: LogHead(seq: after, chain: chain),
                epochNumber: UInt64(bitPattern: epoch), first: after.next, last: last)
        } catch let error as SQLiteError {
            throw .reading(path, error)
        } catch let error as LogError {
            throw error
        } catch { throw .unavailable(path: path, reason: "\(error)") }
    }

    /// A connection to a file that holds what `write` makes and nothing else: it lies where anybody
    /// may have put it (G12).
    private static func open(_ path: String) throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, access: .readOnly)
        connection.boundWork()
        try connection.defend()
        try LogSchema.check(connection, path, holds: tables)
        return connection
    }

    private static var tables: [(name: String, sql: String)] {
        var tables = LogSchema.tables.filter { ["events", "requests"].contains($0.name) }
        tables.append(
            (
                name: "orphan",
                sql: "CREATE TABLE orphan (log_id BLOB, after_seq INTEGER, after_chain BLOB,"
                    + " epoch INTEGER, last INTEGER)"
            ))
        return tables
    }

    private static func seq(_ query: SQLiteStatement, _ column: Int32) -> Seq? {
        query.integer(column).flatMap { UInt64(exactly: $0) }.map { Seq($0) }
    }

    /// Rows from `first` on, as the log's: each is held to its hash and to the chain.
    package func rows(from first: Seq) throws(LogError) -> [LogRow] {
        do {
            let queries = try EventQueries(
                Self.open(path), logID: logID, path: path, limits: LogLimits(), base: parting)
            return try queries.rows(
                from: max(first, self.first), limit: LogLimits().pageRows,
                maxBytes: LogLimits().pageBytes)
        } catch let error as SQLiteError {
            throw .reading(path, error)
        } catch let error as LogError {
            throw error
        } catch { throw .unavailable(path: path, reason: "\(error)") }
    }

    // MARK: Writing

    /// Copies the tail behind `parting` out of the log that `source` reads.
    static func write(
        in directory: String, of source: EventQueries, behind parting: LogHead, to head: LogHead,
        epochNumber: UInt64, on disk: Disk
    ) throws(LogError) {
        let first = parting.seq.next
        let path = "\(directory)/\(prefix)-\(epochNumber)-\(first)-\(head.seq)\(suffix)"
        let temporary = path + ".new"
        try disk.remove(temporary)
        try disk.remove(temporary + "-journal")
        do {
            let connection = try SQLiteConnection(path: temporary, access: .create, vfs: disk.vfs)
            try connection.set(pragma: "synchronous", to: "2")
            try connection.execute("BEGIN IMMEDIATE")
            for table in tables { try connection.execute(table.sql) }
            try describe(connection, source.logID, parting, epochNumber, head.seq)
            try connection.execute("COMMIT")
            try copy(source, from: first, to: head.seq, into: LogInserts(connection))
        } catch let error as SQLiteError {
            throw .unavailable(path: temporary, reason: error.description)
        } catch let error as LogError {
            throw error
        } catch { throw .unavailable(path: temporary, reason: "\(error)") }
        try disk.sync(temporary)
        try disk.rename(temporary, to: path)
        try disk.sync(directory)
    }

    private static func copy(
        _ source: EventQueries, from first: Seq, to last: Seq, into inserts: LogInserts
    ) throws {
        var next = first
        while next <= last {
            let rows = try source.rows(
                from: next, limit: LogLimits().pageRows, maxBytes: LogLimits().pageBytes)
            guard let newest = rows.last else {
                throw LogError.damaged(
                    path: source.path, firstBad: next, reason: "it cannot be found")
            }
            try inserts.write(rows.map { LogEntry(row: $0, request: nil) })
            next = newest.seq.next
        }
    }

    private static func describe(
        _ connection: SQLiteConnection, _ logID: LogID, _ parting: LogHead, _ epoch: UInt64,
        _ last: Seq
    ) throws(SQLiteError) {
        let id = Hexadecimal.text(logID.bytes)
        let chain = Hexadecimal.text(parting.chain.bytes)
        try connection.execute(
            "INSERT INTO orphan VALUES (x'\(id)', \(parting.seq), x'\(chain)',"
                + " \(Int64(bitPattern: epoch)), \(last))")
    }
}
