internal import EndpointModel
internal import SQLiteStore

/// The prepared writes of the writer's connection.
final class LogInserts {
    private let begin: SQLiteStatement
    private let commit: SQLiteStatement
    private let rollback: SQLiteStatement
    private let event: SQLiteStatement
    private let request: SQLiteStatement
    private let connection: SQLiteConnection
    /// Used again for each row.
    private var recordWriter = ProtoWriter()
    private var keyBuffer: [UInt8] = []

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        begin = try SQLiteStatement(connection, "BEGIN IMMEDIATE")
        commit = try SQLiteStatement(connection, "COMMIT")
        rollback = try SQLiteStatement(connection, "ROLLBACK")
        event = try SQLiteStatement(
            connection,
            "INSERT INTO events (seq, record_hash, chain, record) VALUES (?1, ?2, ?3, ?4)")
        request = try SQLiteStatement(
            connection, "INSERT INTO requests (key, seq) VALUES (?1, ?2)")
    }

    /// Why a transaction ended without its commit.
    enum Failure: Error {
        /// It was never begun: another connection holds the write lock.
        case notBegun(SQLiteError)
        /// The index has this request; the transaction was undone and that succeeded.
        case requestRepeated
        /// Anything else: what is in the file is to be found out.
        case unknown(SQLiteError)
    }

    /// One transaction, one fsync; undone whole when any part fails (G2).
    func write(_ entries: [LogEntry]) throws(Failure) {
        do { try begin.run() } catch {
            guard error.isBusy else { throw .unknown(error) }
            throw .notBegun(error)
        }
        for entry in entries {
            do { try insert(entry) } catch { throw undo(.unknown(error)) }
            guard let key = entry.request else { continue }
            do { try insert(key, entry.head.seq) } catch {
                throw undo(error.isConstraint ? .requestRepeated : .unknown(error))
            }
        }
        do { try commit.run() } catch { throw undo(.unknown(error)) }
    }

    /// Many failures have rolled back already, and then there is nothing to undo.
    private func undo(_ failure: Failure) -> Failure {
        guard connection.isInTransaction else { return failure }
        do { try rollback.run() } catch { return .unknown(error) }
        return failure
    }

    private func insert(_ entry: LogEntry) throws(SQLiteError) {
        let head = entry.head
        let outcome = entry.withRecord(&recordWriter) { record in
            entry.recordHash.withBytes { recordHash in
                head.chain.withBytes { chain in
                    Result<Void, SQLiteError> { () throws(SQLiteError) in
                        try event.bind(1, Int64(head.seq.rawValue))
                        try event.bind(2, borrowing: recordHash)
                        try event.bind(3, borrowing: chain)
                        try event.bind(4, borrowing: record)
                        try event.run()
                    }
                }
            }
        }
        try outcome.get()
    }

    private func insert(_ key: RequestKey, _ seq: Seq) throws(SQLiteError) {
        let outcome = key.withBytes(&keyBuffer) { bytes in
            Result<Void, SQLiteError> { () throws(SQLiteError) in
                try request.bind(1, borrowing: bytes)
                try request.bind(2, Int64(seq.rawValue))
                try request.run()
            }
        }
        try outcome.get()
    }
}
