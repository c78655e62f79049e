package import EndpointModel
package import SQLiteStore

extension LogWriter {
    /// True when the directory holds a log, or what must not be taken for an empty directory: a
    /// WAL without its log, or an anchor that names events.
    package static func exists(
        in directory: DataDirectory, on disk: Disk = .system
    ) throws(LogError) -> Bool {
        if FileSystem.exists(directory.logPath) { return true }
        if FileSystem.exists(directory.logPath + "-wal") { return true }
        return try (AnchorFile.read(directory.anchorPath, on: disk)?.head.seq ?? .zero) > .zero
    }

    /// Makes an empty log: under a temporary name, synced, renamed, directory synced, so that a
    /// crash leaves either no log or a whole one. The anchor comes first: without it a log is
    /// refused.
    package static func create(
        in directory: DataDirectory, logID: LogID, settings: LogSettings = LogSettings()
    ) throws(LogError) -> LogWriter {
        let disk = settings.disk
        guard try !exists(in: directory, on: disk) else {
            throw .logExists(path: directory.logPath)
        }
        let temporary = directory.logPath + ".new"
        for suffix in ["", "-wal", "-shm", "-journal"] { try disk.remove(temporary + suffix) }
        try make(temporary, logID, settings)
        try disk.sync(temporary)
        try AnchorFile.create(
            directory.anchorPath, logID: logID, at: .origin(of: logID), RequestIndexSum(),
            on: disk)
        try disk.sync(directory.path)
        try disk.rename(temporary, to: directory.logPath)
        try disk.sync(directory.path)
        return try open(in: directory, expecting: logID, settings: settings)
    }

    /// Opens a log that is there. `expecting` refuses a log of another ID, naming both. A file
    /// that is not what was acknowledged is refused with the first seq that is missing or wrong,
    /// and left as it is found: nothing is checkpointed before every check has passed.
    package static func open(
        in directory: DataDirectory, expecting logID: LogID? = nil,
        settings: LogSettings = LogSettings()
    ) throws(LogError) -> LogWriter {
        let path = directory.logPath
        let anchor = try AnchorFile.read(directory.anchorPath, on: settings.disk)
        guard FileSystem.exists(path) else { throw missing(path, anchor) }
        guard FileSystem.isWritable(path) else {
            throw .readOnlyDirectory(directory: directory.path)
        }
        do throws(LogError) {
            try renewWAL(of: path, settings.disk)
            let connection = try LogConnection.writer(path, settings, anchored: anchor)
            // A stranger's file is told from ours that lost its anchor before either is refused.
            guard let anchor else { throw .anchorMissing(path: directory.anchorPath) }
            return try open(connection, directory, anchor, logID, settings)
        } catch { throw DamageSearch.locate(error, in: path, anchor, settings) }
    }

    private static func open(
        _ connection: SQLiteConnection, _ directory: DataDirectory, _ anchor: LogAnchor,
        _ expected: LogID?, _ settings: LogSettings
    ) throws(LogError) -> LogWriter {
        let path = directory.logPath
        let logID = try LogInspection.identify(connection, path, anchor, expecting: expected)
        let tables = try prepare(connection, logID, path, settings)
        let head = try LogInspection.head(tables.queries, anchor)
        try LogInspection.checkTail(tables.queries, head, settings.limits)
        let requests = try LogInspection.requests(connection, path, head, anchor)
        try settle(connection, path)
        let file = try AnchorFile.open(directory.anchorPath, last: anchor, on: settings.disk)
        try file.write(head, logID, requests)
        try file.sync()
        let finding = LogInspection.Finding(head: head, requests: requests)
        return LogWriter(directory, settings, finding, tables, file)
    }

    static func prepare(
        _ connection: SQLiteConnection, _ logID: LogID, _ path: String, _ settings: LogSettings
    ) throws(LogError) -> Tables {
        let queries = try EventQueries(
            connection, logID: logID, path: path, limits: settings.limits)
        do {
            let inserts = try LogInserts(connection)
            connection.countWALFrames()
            return Tables(connection: connection, queries: queries, inserts: inserts)
        } catch { throw .reading(path, error) }
    }

    /// What a failed fsync of this process, or of one before, left in the page cache alone could
    /// still be lost under all that is built on it: the WAL is written anew before it is believed
    /// (G1). A checkpoint alone would do for the events, but its first pages may reach the disk
    /// before power goes, and then the file is half of a commit that no WAL holds.
    static func renewWAL(of path: String, _ disk: Disk) throws(LogError) {
        guard let bytes = FileSystem.size(of: path + "-wal"), bytes > 0 else { return }
        try disk.renew(path + "-wal")
    }

    /// Copies a WAL that was left behind, and then holds the file's length to what its header
    /// says: a header that names too few pages would make the next append overwrite pages in
    /// use. Another process that reads (a shell, say) may delay this; the next opening checks.
    private static func settle(
        _ connection: SQLiteConnection, _ path: String
    ) throws(LogError) {
        do {
            guard try connection.checkpoint(.truncate) != nil else { return }
            let pages = try connection.integer("PRAGMA page_count") ?? 0
            let bytes = FileSystem.size(of: path) ?? 0
            guard bytes == UInt64(clamping: pages) &* UInt64(LogSchema.pageSize) else {
                throw LogError.damaged(
                    path: path, firstBad: nil,
                    reason: "it has \(bytes) bytes, and its header says \(pages) pages")
            }
        } catch let error as SQLiteError {
            throw .reading(path, error)
        } catch let error as LogError {
            throw error
        } catch { throw .unavailable(path: path, reason: "\(error)") }
    }

    private static func missing(_ path: String, _ anchor: LogAnchor?) -> LogError {
        guard let anchor, anchor.head.seq > .zero else { return .logMissing(path: path) }
        return .damaged(
            path: path, firstBad: Seq(1), reason: "it is gone, the anchor names \(anchor.head)")
    }

    /// Writes tables and identity, in one file without a WAL beside it.
    private static func make(
        _ path: String, _ logID: LogID, _ settings: LogSettings
    ) throws(LogError) {
        do {
            let connection = try SQLiteConnection(
                path: path, access: .create, vfs: settings.disk.vfs)
            try connection.set(pragma: "page_size", to: "\(LogSchema.pageSize)")
            try connection.set(pragma: "auto_vacuum", to: "0")
            try connection.set(pragma: "synchronous", to: "2")
            try connection.set(pragma: "journal_mode", to: "wal")
            try connection.execute("BEGIN IMMEDIATE")
            try connection.set(pragma: "application_id", to: "\(LogSchema.applicationID)")
            try connection.set(pragma: "user_version", to: "\(LogSchema.version)")
            for object in LogSchema.objects { try connection.execute(object.sql) }
            try LogMeta.insert(logID, into: connection)
            try connection.execute("COMMIT")
            _ = try connection.checkpoint(.truncate)
            try connection.close()
        } catch { throw .unavailable(path: path, reason: error.description) }
    }
}
