internal import EndpointModel
internal import EndpointState
internal import Glibc
internal import LogStore
internal import SQLiteStore

/// Why a views file is thrown away. Nothing is lost by that: the log has it all.
struct ViewFault: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The tables of `views.sqlite` and how connections to it are made.
///
/// A rollback journal and not a WAL: one transaction every so often on a thread of its own has
/// no use for readers beside the writer, and a file that stands alone can be replaced by a
/// rename. One connection does everything.
enum ViewFile {
    /// "CTVW", in the SQLite header.
    static let applicationID: Int64 = 0x4354_5657
    /// Of another format a file is thrown away, whether older or newer: it can be made anew.
    static let version: Int64 = 4

    private static let fillCacheKiB = 16 << 10

    /// Keys are BLOBs, so that the order of the rows is the order of keys everywhere else.
    static let tables = [
        """
        CREATE TABLE endpoints (namespace BLOB NOT NULL, name BLOB NOT NULL, \
        seq INTEGER NOT NULL, item BLOB NOT NULL, PRIMARY KEY (namespace, name)) WITHOUT ROWID
        """,
        """
        CREATE TABLE tombstones (key_fingerprint BLOB PRIMARY KEY, seq INTEGER NOT NULL) \
        WITHOUT ROWID
        """,
        """
        CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 1), log_id BLOB NOT NULL, \
        epoch INTEGER NOT NULL, leader_id INTEGER NOT NULL, seq INTEGER NOT NULL, \
        chain BLOB NOT NULL, digest BLOB NOT NULL, tombstone_sum BLOB NOT NULL, \
        live INTEGER NOT NULL, dead INTEGER NOT NULL, unknown_seq INTEGER NOT NULL, \
        unknown_type INTEGER NOT NULL, control BLOB NOT NULL, checksum BLOB NOT NULL)
        """,
    ]

    static func open(_ path: String, on disk: Disk) throws(SQLiteError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, access: .readWrite, vfs: disk.vfs)
        connection.boundWork()
        try connection.defend()
        try connection.waitWhenBusy(milliseconds: 1_000)
        try connection.require(pragma: "journal_mode", is: "delete")
        // NORMAL: never torn, and what a power loss takes is folded from the log again.
        try connection.set(pragma: "synchronous", to: "1")
        return connection
    }

    /// Throws unless the file says that it is ours and of this version.
    static func check(_ connection: SQLiteConnection) throws {
        guard try connection.integer("PRAGMA application_id") == applicationID else {
            throw ViewFault("it is not a views file of ours")
        }
        let found = try connection.integer("PRAGMA user_version") ?? 0
        guard found == version else { throw ViewFault("its format is \(found), not \(version)") }
        // A view in the place of a table would run statements of the file's own (G12).
        guard try Set(connection.schema().values) == Set(tables) else {
            throw ViewFault("its tables are not as they were made")
        }
        connection.endBound()
    }

    /// Writes a whole view into a new file at `path`, replacing what stands there.
    static func write(
        _ view: PositionedView, to path: String, on disk: Disk
    ) throws(SQLiteError) {
        remove(path, suffixes + [""], on: disk)
        let connection = try SQLiteConnection(path: path, access: .create, vfs: disk.vfs)
        // As the log's: half of it takes a tenth longer to write.
        try connection.set(pragma: "page_size", to: "8192")
        try connection.defend()
        try connection.set(pragma: "synchronous", to: "2")
        // Room for the inner pages and then some: without it pages are written more than once.
        try connection.set(pragma: "cache_size", to: "-\(Self.fillCacheKiB)")
        try connection.execute("BEGIN IMMEDIATE")
        try connection.set(pragma: "application_id", to: "\(applicationID)")
        try connection.set(pragma: "user_version", to: "\(version)")
        for table in tables { try connection.execute(table) }
        try fill(connection, view)
        try connection.execute("COMMIT")
        try connection.close()
    }

    private static func fill(
        _ connection: SQLiteConnection, _ view: PositionedView
    ) throws(SQLiteError) {
        let rows = try ViewRows(connection)
        for item in view.view.items { try rows.add(item) }
        let dead = view.view.tombstones.sorted()
        var sum = StateDigest.empty
        for (key, seq) in dead {
            try rows.putTombstone(key, seq)
            sum.add(TombstoneHash.of(key, seq))
        }
        try rows.putPosition(
            StoredPosition(
                position: view.position, digest: view.view.digest, tombstoneSum: sum,
                liveCount: view.view.count, deadCount: dead.count,
                unknownEvent: view.view.unknownEvent, control: view.view.control))
    }

    /// Puts the file at `next` in the place of `path`. A journal of the old file goes first: beside
    /// another one it would be played back into that. What the old file is without it, should power
    /// go in between, its next opening finds out. When this throws, the old file is there.
    static func replace(
        _ path: String, by next: String, on disk: Disk
    ) throws(ProjectionError) {
        remove(path, suffixes, on: disk)
        guard disk.calls.rename(next, path) == 0 else {
            throw .viewsUnavailable(path: path, reason: "rename: \(systemReason())")
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Of what SQLite may leave beside a file.
    private static let suffixes = ["-journal", "-wal", "-shm"]

    /// What cannot be removed shows itself when the file is made or opened.
    private static func remove(_ path: String, _ suffixes: [String], on disk: Disk) {
        for suffix in suffixes { _ = disk.calls.unlink(path + suffix) }
    }

    private static func systemReason() -> String { String(cString: strerror(errno)) }
}

/// What the row of table `position` says.
struct StoredPosition: Hashable {
    var position: Position
    var digest: StateDigest
    /// As the digest, over the tombstones: a lost or damaged one would give a key that comes
    /// back a wrong previous seq.
    var tombstoneSum: StateDigest
    var liveCount: Int
    var deadCount: Int
    /// Where the state stands still; nil: at the position.
    var unknownEvent: UnknownEvent?
    /// What the control events came to.
    var control: ControlStanding

    /// SHA-256 over all of it: nothing else guards the epoch. And over the types of control events
    /// that this version knows: one that knows others folds the same log to another state, and
    /// must not go on from this one (R19).
    var checksum: Hash256 {
        let numbers = [
            position.epoch.number, position.epoch.leaderID, position.seq.rawValue,
            UInt64(liveCount), UInt64(deadCount), unknownEvent?.seq.rawValue ?? 0,
            UInt64(unknownEvent?.type ?? 0),
        ]
        let known = ControlEvent.KnownType.allCases.map { String($0.rawValue) }
        var bytes = Array(
            "cattail/views/v\(ViewFile.version)/\(known.joined(separator: ","))".utf8)
        bytes += position.logID.bytes
        for number in numbers { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
        bytes += position.chain.bytes + digest.sum.bytes + tombstoneSum.sum.bytes
        return Hash256.of(bytes + control.encoded)
    }
}

/// What one tombstone adds to the sum over all.
enum TombstoneHash {
    static func of(_ key: KeyFingerprint, _ seq: Seq) -> Hash256 {
        let words = (key.high.bigEndian, key.low.bigEndian, seq.rawValue.bigEndian)
        return withUnsafeBytes(of: words) { Hash256.of($0) }
    }
}
