internal import EndpointModel
internal import SQLiteStore

/// The file's tables, word for word. They are compared with what a file holds when it is opened:
/// a trigger that damage has changed must not pass for one that guards.
enum LogSchema {
    /// "CTTL", in the SQLite header: says that a file is a log of ours.
    static let applicationID: Int64 = 0x4354_544C
    /// `user_version`, in the SQLite header. Grows when an older version must not open the file.
    static let version = 1
    /// Some ten events to a page. Half of it writes a fifth slower in large batches, and twice of
    /// it in single commits.
    static let pageSize = 8192

    /// The hashes stand before the record, so that reading a chain hash need not walk the
    /// overflow pages of a long record.
    static let objects: [(name: String, sql: String)] = [
        (
            "events",
            """
            CREATE TABLE events (seq INTEGER PRIMARY KEY, record_hash BLOB NOT NULL, \
            chain BLOB NOT NULL, record BLOB NOT NULL)
            """
        ),
        (
            "requests",
            """
            CREATE TABLE requests (key BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID
            """
        ),
        (
            "meta",
            """
            CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID
            """
        ),
        trigger("events", "UPDATE"), trigger("events", "DELETE"),
        trigger("requests", "UPDATE"), trigger("requests", "DELETE"),
        trigger("meta", "UPDATE"), trigger("meta", "DELETE"),
        (
            "events_keep_order",
            """
            CREATE TRIGGER events_keep_order BEFORE INSERT ON events \
            WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events) \
            BEGIN SELECT RAISE(ABORT, 'events: seq must be the next'); END
            """
        ),
    ]

    private static func trigger(_ table: String, _ verb: String) -> (name: String, sql: String) {
        let name = "\(table)_refuse_\(verb.lowercased())"
        return (
            name,
            """
            CREATE TRIGGER \(name) BEFORE \(verb) ON \(table) \
            BEGIN SELECT RAISE(ABORT, '\(table): \(verb) is refused'); END
            """
        )
    }

    /// Those that hold something, for a file whose triggers do not matter.
    static var tables: [(name: String, sql: String)] {
        objects.filter { $0.sql.hasPrefix("CREATE TABLE") }
    }

    /// Throws unless the file holds these and nothing else.
    static func check(
        _ connection: SQLiteConnection, _ path: String,
        holds wanted: [(name: String, sql: String)] = objects
    ) throws(LogError) {
        var found = try schema(of: connection, path)
        for (name, sql) in wanted where found.removeValue(forKey: name) != sql {
            throw .damaged(path: path, firstBad: nil, reason: "\(name) is not as it was made")
        }
        if let stranger = found.keys.min() {
            throw .damaged(path: path, firstBad: nil, reason: "\(stranger) was added to it")
        }
        connection.endBound()
    }

    /// Throws unless the tables of the file are ours, whatever else was added: a view in the place
    /// of one would run statements of the file's own, which need not end.
    static func checkTables(_ connection: SQLiteConnection, _ path: String) throws(LogError) {
        let found = try schema(of: connection, path)
        for (name, sql) in tables where found[name] != sql {
            throw .damaged(path: path, firstBad: nil, reason: "\(name) is not as it was made")
        }
        connection.endBound()
    }

    private static func schema(of connection: SQLiteConnection, _ path: String) throws(LogError)
        -> [String: String]
    {
        do { return try connection.schema() } catch { throw .reading(path, error) }
    }
}

/// The rows of `meta`: which log this is, with a checksum, for a flipped bit in the logID would
/// make a log pass for another.
enum LogMeta {
    static func insert(_ logID: LogID, into connection: SQLiteConnection) throws(SQLiteError) {
        let id = Hexadecimal.text(logID.bytes)
        let sum = Hexadecimal.text(checksum(logID).bytes)
        try connection.execute(
            "INSERT INTO meta (name, value) VALUES ('checksum', x'\(sum)'), ('log_id', x'\(id)')")
    }

    static func read(_ connection: SQLiteConnection, _ path: String) throws(LogError) -> LogID {
        var logID: LogID?
        var sum: Hash256?
        var last: String?
        do {
            let query = try SQLiteStatement(
                connection, "SELECT CAST(name AS BLOB), value FROM meta")
            while try query.step() {
                let name = query.withBlob(0) { String(decoding: $0, as: UTF8.self) }
                // Pages that damage has linked in more than once must not go on for ever.
                if let last, let name, name <= last { break }
                last = name
                if name == "log_id" { logID = query.withBlob(1) { LogID(bytes: $0) } ?? nil }
                if name == "checksum" { sum = query.withBlob(1) { Hash256(bytes: $0) } ?? nil }
            }
        } catch { throw .reading(path, error) }
        guard let logID, sum == checksum(logID) else {
            throw .damaged(path: path, firstBad: nil, reason: "meta does not match its checksum")
        }
        return logID
    }

    /// The row that says that a tail left the log, in the same transaction (G10).
    static func noteRemoval(
        of tail: ClosedRange<Seq>, endingIn chain: Hash256, epochNumber: UInt64,
        into connection: SQLiteConnection
    ) throws(SQLiteError) {
        try connection.execute(
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('\(removal)\(epochNumber)"
                + "-\(tail.lowerBound)-\(tail.upperBound)', x'\(Hexadecimal.text(chain.bytes))')")
    }

    private static let removal = "removed-"

    /// A log from which nothing was ever removed has no free pages: where damage makes some up, an
    /// append would overwrite what is in use.
    static func checkFreePages(_ connection: SQLiteConnection, _ path: String) throws(LogError) {
        do {
            let free = try connection.integer("PRAGMA freelist_count") ?? 0
            guard free > 0 else { return }
            let removals = try connection.integer(
                "SELECT count(*) FROM meta WHERE name GLOB '\(removal)*'")
            guard removals == 0 else { return }
            throw LogError.damaged(
                path: path, firstBad: nil, reason: "its header says \(free) freelist pages")
        } catch let error as SQLiteError {
            throw .reading(path, error)
        } catch let error as LogError {
            throw error
        } catch { throw .unavailable(path: path, reason: "\(error)") }
    }

    private static func checksum(_ logID: LogID) -> Hash256 {
        Hash256.of(Array("cattail/meta/v\(LogSchema.version)".utf8) + logID.bytes)
    }
}
