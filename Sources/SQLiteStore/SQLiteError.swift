internal import CSQLite

/// What SQLite answered when it did not do as it was told: both codes, its own words, the SQL
/// in hand, and what can be done about it.
package struct SQLiteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The primary result code, such as `SQLITE_BUSY`.
    package var code: Int32
    /// The extended result code, such as `SQLITE_IOERR_FSYNC`; its low byte is `code`.
    package var extendedCode: Int32
    /// SQLite's own sentence.
    package var message: String
    /// The statement, pragma or call that failed.
    package var sql: String

    package init(extendedCode: Int32, message: String, sql: String) {
        self.code = extendedCode & 0xFF
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// What the database's file holds is not what we can have written: nobody interrupts a
    /// statement but the bound on unknown files, and no value of ours is too long.
    package var isDamage: Bool {
        [SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_INTERRUPT, SQLITE_TOOBIG].contains(code)
    }

    /// The disk did not do as it was told.
    package var isIO: Bool { code == SQLITE_IOERR }

    /// Another connection holds a lock for now.
    package var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }

    package var isConstraint: Bool { code == SQLITE_CONSTRAINT }

    package var remedy: String {
        switch code {
        case SQLITE_BUSY, SQLITE_LOCKED: "wait for the other connection to finish, then retry"
        case SQLITE_FULL: "free space on the disk"
        case SQLITE_IOERR: "look at the disk and the kernel's log"
        case SQLITE_CORRUPT, SQLITE_NOTADB: "restore the file from a copy"
        case SQLITE_CANTOPEN, SQLITE_PERM: "look at the path and its permissions"
        case SQLITE_READONLY: "make the file and its directory writable"
        case SQLITE_NOMEM: "give the process more memory"
        default: "report this, with the statement"
        }
    }

    package var description: String {
        "SQLite \(extendedCode): \(message) (in: \(sql)); \(remedy)"
    }
}
