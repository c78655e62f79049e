internal import CSQLite

/// Settings that only `sqlite3_db_config` can reach.
extension SQLiteConnection {
    /// Sets a switch of `sqlite3_db_config` and checks the value read back.
    package func configure(
        _ option: Int32, named name: String, to value: Int32
    ) throws(SQLiteError) {
        var found: Int32 = -1
        let code = cattail_sqlite3_db_config(pointer, option, value, &found)
        guard code == SQLITE_OK, found == value else {
            throw SQLiteError(
                extendedCode: code == SQLITE_OK ? SQLITE_MISUSE : code,
                message: "it is \(found), not \(value)", sql: "db_config \(name)")
        }
    }

    /// What every connection to a file of ours gets. A hostile or damaged file can then run no
    /// functions of its own, and SQL cannot write the schema or the journal (G12); no close
    /// checkpoints behind our back, because only the owner of the file decides when (DESIGN 5).
    package func defend() throws(SQLiteError) {
        try configure(SQLITE_DBCONFIG_DEFENSIVE, named: "defensive", to: 1)
        try keepWALOnClose()
        try set(pragma: "trusted_schema", to: "0")
        try set(pragma: "cell_size_check", to: "1")
        try set(pragma: "mmap_size", to: "0")
        try set(pragma: "wal_autocheckpoint", to: "0")
    }

    /// Closing the last connection must not checkpoint.
    package func keepWALOnClose() throws(SQLiteError) {
        try configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, named: "no checkpoint on close", to: 1)
    }

    /// Statements of this connection no longer fire triggers, which guard the file against others.
    package func passTriggers() throws(SQLiteError) {
        try configure(SQLITE_DBCONFIG_ENABLE_TRIGGER, named: "triggers", to: 0)
    }

    /// Makes a statement on this connection fail rather than write.
    package func forbidWrites() throws(SQLiteError) {
        try set(pragma: "query_only", to: "1")
    }
}
