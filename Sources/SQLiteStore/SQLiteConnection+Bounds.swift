internal import CSQLite

/// What a file may cost before it is known to be ours (G12).
extension SQLiteConnection {
    /// Steps of SQLite's machine that one statement may take: reading a schema of ours takes some
    /// hundreds, reading one that leads to itself over and over takes longer than anybody lives.
    private static let unknownFileSteps: Int32 = 1_000_000

    /// Of a value or a row: twice of the longest record and more.
    private static let longestValue: Int32 = 8 << 20

    /// Bounds every statement until `endBound`: beyond it is damage. For files whose schema nobody
    /// has compared yet; SQLite itself reads that to its end with the first statement.
    package func boundWork() {
        sqlite3_limit(pointer, SQLITE_LIMIT_LENGTH, Self.longestValue)
        sqlite3_progress_handler(pointer, Self.unknownFileSteps, { _ in 1 }, nil)
    }

    /// The schema is ours: its tables are plain ones, and whoever reads them takes rows that
    /// ascend, so that pages which lead to each other end what is read.
    package func endBound() { sqlite3_progress_handler(pointer, 0, nil, nil) }
}

/// What it keeps for later.
extension SQLiteConnection {
    /// Gives back the pages that hold nothing unsaved; they are read again when they are asked for.
    package func releasePages() { sqlite3_db_release_memory(pointer) }
}

/// The tables and triggers of a file by name, as they were made. Two of a name, as no file of ours
/// has, are there once.
extension SQLiteConnection {
    package func schema() throws(SQLiteError) -> [String: String] {
        let query = try SQLiteStatement(self, "SELECT name, sql FROM sqlite_schema")
        var found: [String: String] = [:]
        while try query.step() {
            if let sql = query.text(1) { found[query.text(0) ?? ""] = sql }
        }
        return found
    }
}
