internal import SQLiteStore

/// How connections to a log are made: every setting read back.
enum LogConnection {
    /// The one connection that writes. `synchronous=FULL` makes COMMIT return after the WAL's
    /// fsync (G1). It passes by the triggers, which guard the file against everyone else: it has
    /// no statement but INSERT, the writer checks the order of seqs before, and the trigger that
    /// does so once more would cost an eighth of each append.
    static func writer(
        _ path: String, _ settings: LogSettings, anchored: LogAnchor?
    ) throws(LogError) -> SQLiteConnection {
        let connection = try open(path, .readWrite, settings)
        try LogFileHeader.check(connection, path, anchored: anchored)
        do {
            try connection.waitWhenBusy(milliseconds: settings.limits.readerWaitMilliseconds)
            try secure(connection)
            try connection.passTriggers()
            try connection.set(pragma: "synchronous", to: "2")
            return connection
        } catch { throw .reading(path, error) }
    }

    /// One that cannot write: opened read-only, and `query_only` on top.
    static func reader(
        _ path: String, _ settings: LogSettings, anchored: LogAnchor?
    ) throws(LogError) -> SQLiteConnection {
        let connection = try open(path, .readOnly, settings)
        try LogFileHeader.check(connection, path, anchored: anchored)
        do {
            try connection.waitWhenBusy(milliseconds: settings.limits.lockWaitMilliseconds)
            try secure(connection)
            try connection.forbidWrites()
            return connection
        } catch { throw .reading(path, error) }
    }

    /// One that reads as much as it can of a damaged file, to find the first bad event. A file
    /// shorter than its header says is only opened with a writable schema.
    static func lenientReader(
        _ path: String, _ settings: LogSettings
    ) throws(SQLiteError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, access: .readOnly, vfs: settings.disk.vfs)
        connection.boundWork()
        try connection.waitWhenBusy(milliseconds: settings.limits.lockWaitMilliseconds)
        try connection.keepWALOnClose()
        try connection.set(pragma: "writable_schema", to: "1")
        try connection.forbidWrites()
        return connection
    }

    private static func open(
        _ path: String, _ access: SQLiteConnection.Access, _ settings: LogSettings
    ) throws(LogError) -> SQLiteConnection {
        guard FileSystem.exists(path) else { throw .logMissing(path: path) }
        do {
            let connection = try SQLiteConnection(
                path: path, access: access, vfs: settings.disk.vfs)
            connection.boundWork()
            return connection
        } catch { throw .reading(path, error) }
    }

    private static func secure(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.defend()
        try connection.require(pragma: "journal_mode", is: "wal")
        try connection.require(pragma: "encoding", is: "UTF-8")
    }
}
