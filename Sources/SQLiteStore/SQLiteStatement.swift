internal import CSQLite

/// One prepared statement: prepared once, run many times, released with its owner.
///
/// Bytes are bound without a copy (`SQLITE_STATIC`): they must stay where they are until the
/// statement is reset, so bind and run inside the closure that lends them.
package final class SQLiteStatement {
    package let sql: String
    private let connection: SQLiteConnection
    private let handle: OpaquePointer?

    package init(_ connection: SQLiteConnection, _ sql: String) throws(SQLiteError) {
        var prepared: OpaquePointer?
        let flags = UInt32(bitPattern: SQLITE_PREPARE_PERSISTENT)
        let code = sqlite3_prepare_v3(connection.pointer, sql, -1, flags, &prepared, nil)
        guard code == SQLITE_OK else { throw connection.error(code, sql) }
        self.sql = sql
        self.connection = connection
        self.handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    // MARK: Binding. Parameters are numbered from 1, as in SQL.

    package func bind(_ parameter: Int32, _ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, parameter, value))
    }

    /// Binds without copying; the bytes must outlive the next `reset()`.
    package func bind(
        _ parameter: Int32, borrowing bytes: UnsafeRawBufferPointer
    ) throws(SQLiteError) {
        // An empty buffer may have no address, and a null pointer would bind NULL.
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            return try check(sqlite3_bind_zeroblob(handle, parameter, 0))
        }
        let count = sqlite3_uint64(bytes.count)
        try check(sqlite3_bind_blob64(handle, parameter, base, count, nil))
    }

    // MARK: Running

    /// Advances; true when a row is there to read.
    package func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.error(code, sql)
        }
    }

    /// Runs a statement that returns no rows, and makes it ready for the next time whatever
    /// came of it.
    package func run() throws(SQLiteError) {
        defer { reset() }
        while try step() {}
    }

    /// Ends the read transaction that a stepped query holds, and forgets what was bound. What
    /// `sqlite3_reset` answers was already thrown by `step()`.
    package func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Columns of the current row, numbered from 0. Nil when the type is another one:
    // SQLite would convert, and a damaged file must not be helped along.

    package func integer(_ column: Int32) -> Int64? {
        guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else { return nil }
        return sqlite3_column_int64(handle, column)
    }

    /// The value as text whatever its type, as pragmas answer; nil for NULL.
    package func text(_ column: Int32) -> String? {
        guard let start = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Lends the bytes of a blob; they are gone after the next `step()` or `reset()`.
    package func withBlob<Value>(
        _ column: Int32, _ body: (UnsafeRawBufferPointer) -> Value
    ) -> Value? {
        guard sqlite3_column_type(handle, column) == SQLITE_BLOB else { return nil }
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count == 0 || start != nil else { return nil }
        return body(UnsafeRawBufferPointer(start: start, count: count))
    }

    package func blobBytes(_ column: Int32) -> Int {
        guard sqlite3_column_type(handle, column) == SQLITE_BLOB else { return 0 }
        return Int(sqlite3_column_bytes(handle, column))
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw connection.error(code, sql) }
    }
}
