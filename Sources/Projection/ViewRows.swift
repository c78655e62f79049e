internal import EndpointModel
internal import EndpointState
internal import SQLiteStore

/// The prepared writes of a views file.
final class ViewRows {
    private let endpointPut: SQLiteStatement
    private let endpointAdd: SQLiteStatement
    private let endpointRemove: SQLiteStatement
    private let tombstonePut: SQLiteStatement
    private let tombstoneRemove: SQLiteStatement
    private let positionPut: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        endpointPut = try SQLiteStatement(
            connection,
            "INSERT OR REPLACE INTO endpoints (namespace, name, seq, item) VALUES (?1,?2,?3,?4)")
        endpointAdd = try SQLiteStatement(
            connection, "INSERT INTO endpoints (namespace, name, seq, item) VALUES (?1,?2,?3,?4)")
        endpointRemove = try SQLiteStatement(
            connection, "DELETE FROM endpoints WHERE namespace = ?1 AND name = ?2")
        tombstonePut = try SQLiteStatement(
            connection, "INSERT OR REPLACE INTO tombstones (key_fingerprint, seq) VALUES (?1, ?2)")
        tombstoneRemove = try SQLiteStatement(
            connection, "DELETE FROM tombstones WHERE key_fingerprint = ?1")
        positionPut = try SQLiteStatement(
            connection,
            """
            INSERT OR REPLACE INTO position (id, log_id, epoch, leader_id, seq, chain, digest, \
            tombstone_sum, live, dead, unknown_seq, unknown_type, checksum, \
            control) \
            VALUES (1,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)
            """)
    }

    func put(_ item: EncodedItem) throws(SQLiteError) { try put(item, by: endpointPut) }

    /// Of a key that the file does not hold.
    func add(_ item: EncodedItem) throws(SQLiteError) { try put(item, by: endpointAdd) }

    private func put(_ item: EncodedItem, by statement: SQLiteStatement) throws(SQLiteError) {
        let outcome = item.withKeyBytes { namespace, name in
            item.withBytes { bytes in
                Result { () throws(SQLiteError) in
                    try statement.bind(1, borrowing: namespace)
                    try statement.bind(2, borrowing: name)
                    try statement.bind(3, Int64(clamping: item.seq.rawValue))
                    try statement.bind(4, borrowing: bytes)
                    try statement.run()
                }
            }
        }
        try outcome.get()
    }

    func remove(keyOf item: EncodedItem) throws(SQLiteError) {
        let outcome = item.withKeyBytes { namespace, name in
            Result { () throws(SQLiteError) in
                try endpointRemove.bind(1, borrowing: namespace)
                try endpointRemove.bind(2, borrowing: name)
                try endpointRemove.run()
            }
        }
        try outcome.get()
    }

    func putTombstone(_ key: KeyFingerprint, _ seq: Seq) throws(SQLiteError) {
        let outcome = withUnsafeBytes(of: (key.high.bigEndian, key.low.bigEndian)) { bytes in
            Result { () throws(SQLiteError) in
                try tombstonePut.bind(1, borrowing: bytes)
                try tombstonePut.bind(2, Int64(clamping: seq.rawValue))
                try tombstonePut.run()
            }
        }
        try outcome.get()
    }

    func removeTombstone(_ key: KeyFingerprint) throws(SQLiteError) {
        let outcome = withUnsafeBytes(of: (key.high.bigEndian, key.low.bigEndian)) { bytes in
            Result { () throws(SQLiteError) in
                try tombstoneRemove.bind(1, borrowing: bytes)
                try tombstoneRemove.run()
            }
        }
        try outcome.get()
    }

    func putPosition(_ stored: StoredPosition) throws(SQLiteError) {
        let position = stored.position
        let blobs: [(Int32, [UInt8])] = [
            (1, position.logID.bytes), (5, position.chain.bytes), (6, stored.digest.sum.bytes),
            (7, stored.tombstoneSum.sum.bytes), (12, stored.checksum.bytes),
            (13, stored.control.encoded),
        ]
        try positionPut.bind(2, Int64(bitPattern: position.epoch.number))
        try positionPut.bind(3, Int64(bitPattern: position.epoch.leaderID))
        try positionPut.bind(4, Int64(bitPattern: position.seq.rawValue))
        try positionPut.bind(8, Int64(stored.liveCount))
        try positionPut.bind(9, Int64(stored.deadCount))
        try positionPut.bind(10, Int64(bitPattern: stored.unknownEvent?.seq.rawValue ?? 0))
        try positionPut.bind(11, Int64(stored.unknownEvent?.type ?? 0))
        try run(positionPut, binding: blobs[...])
    }

    /// Binds one blob after the other and runs the statement while all of them are lent.
    private func run(
        _ statement: SQLiteStatement, binding blobs: ArraySlice<(Int32, [UInt8])>
    ) throws(SQLiteError) {
        guard let (parameter, bytes) = blobs.first else { return try statement.run() }
        let outcome = bytes.withUnsafeBytes { raw in
            Result { () throws(SQLiteError) in
                try statement.bind(parameter, borrowing: raw)
                try run(statement, binding: blobs.dropFirst())
            }
        }
        try outcome.get()
    }
}
