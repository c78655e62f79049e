internal import CSQLite

/// One connection to one database file, for one owner: not Sendable, and opened without
/// SQLite's own mutex, so it stays on the thread (or in the isolation) that made it.
///
/// The layer adds nothing to SQLite but types: extended codes, typed errors that carry the SQL,
/// pragmas that are read back, and the defensive settings that every file of ours gets.
package final class SQLiteConnection {
    /// What the connection may do with the file.
    package enum Access: Sendable {
        /// Reads and writes a file that must exist.
        case readWrite
        /// Makes the file; it must not matter if one was there.
        case create
        /// Never writes the database file (G3).
        case readOnly

        var flags: Int32 {
            switch self {
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        }
    }

    package let path: String
    private var handle: OpaquePointer?
    /// Written by SQLite's WAL hook, so at an address that stays while the connection lives.
    let walFrameCounter: UnsafeMutablePointer<Int32>

    /// Opens `path` through the VFS of the given name, or SQLite's default.
    package init(
        path: String, access: Access, vfs: String? = nil
    ) throws(SQLiteError) {
        self.path = path
        walFrameCounter = .allocate(capacity: 1)
        walFrameCounter.initialize(to: 0)
        let flags = access.flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, vfs)
        guard code == SQLITE_OK else {
            let error = Self.error(code, opened, "open \(path)")
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
    }

    deinit {
        sqlite3_close_v2(handle)
        walFrameCounter.deallocate()
    }

    /// Closes for good. Statements must have been released before: SQLite refuses otherwise,
    /// and a file that is thought closed while it is not would break recovery.
    package func close() throws(SQLiteError) {
        guard let open = handle else { return }
        let code = sqlite3_close(open)
        guard code == SQLITE_OK else { throw error(code, "close") }
        handle = nil
    }

    /// The C handle; a closed connection answers SQLITE_MISUSE by way of nil.
    var pointer: OpaquePointer? { handle }

    /// Runs SQL that returns no rows.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, sql) }
    }

    /// Runs SQL and gives back the first column of its first row as text; nil without a row.
    package func text(_ sql: String) throws(SQLiteError) -> String? {
        try first(sql) { $0.text(0) }
    }

    /// Runs SQL and gives back the first column of its first row as an integer; nil without a
    /// row or for another type.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        try first(sql) { $0.integer(0) }
    }

    /// To the end: a pragma that writes tells its new value first and commits behind it, and says
    /// only there that it could not.
    private func first<Value>(
        _ sql: String, _ value: (SQLiteStatement) -> Value?
    ) throws(SQLiteError) -> Value? {
        let statement = try SQLiteStatement(self, sql)
        guard try statement.step() else { return nil }
        let found = value(statement)
        while try statement.step() {}
        return found
    }

    /// Sets a pragma and reads it back: a setting that did not take looks like a success.
    package func set(pragma name: String, to value: String) throws(SQLiteError) {
        _ = try text("PRAGMA \(name)=\(value)")
        try require(pragma: name, is: value)
    }

    /// Throws unless the pragma has this value.
    package func require(pragma name: String, is value: String) throws(SQLiteError) {
        let found = try text("PRAGMA \(name)") ?? "nothing"
        guard found.lowercased() == value.lowercased() else {
            throw SQLiteError(
                extendedCode: SQLITE_MISUSE, message: "it is \(found), not \(value)",
                sql: "PRAGMA \(name)")
        }
    }

    /// How long a statement waits for another connection's lock before SQLITE_BUSY.
    package func waitWhenBusy(milliseconds: Int32) throws(SQLiteError) {
        let code = sqlite3_busy_timeout(handle, milliseconds)
        guard code == SQLITE_OK else { throw error(code, "busy_timeout") }
    }

    /// Bounds one of SQLite's run-time limits, such as `SQLITE_LIMIT_LENGTH` (G12).
    package func limit(_ category: Int32, to value: Int32) {
        sqlite3_limit(handle, category, value)
    }

    /// The first bytes of the database file as they lie there, zeros behind its end; read through
    /// the VFS and takes no lock.
    package func fileBytes(count: Int) throws(SQLiteError) -> [UInt8] {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let asked = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        guard asked == SQLITE_OK, let file, let read = file.pointee.pMethods?.pointee.xRead else {
            throw error(asked, "file pointer")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let code = bytes.withUnsafeMutableBytes { buffer in
            read(file, buffer.baseAddress, Int32(clamping: buffer.count), 0)
        }
        guard code == SQLITE_OK || code == SQLITE_IOERR | (2 << 8) else {
            throw SQLiteError(extendedCode: code, message: "it cannot be read", sql: "xRead")
        }
        return bytes
    }

    /// True between BEGIN and the end of its transaction.
    package var isInTransaction: Bool { handle != nil && sqlite3_get_autocommit(handle) == 0 }

    func error(_ code: Int32, _ sql: String) -> SQLiteError { Self.error(code, handle, sql) }

    private static func error(_ code: Int32, _ handle: OpaquePointer?, _ sql: String) -> SQLiteError
    {
        let words = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let message = words.map { String(cString: $0) } ?? "no message"
        return SQLiteError(extendedCode: code, message: message, sql: sql)
    }
}
