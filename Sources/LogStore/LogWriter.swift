package import EndpointModel
internal import SQLiteStore

/// The log's one writer: owns the only connection that writes and the anchor. Not Sendable: one
/// thread owns it, and commits and checkpoints of one file then never run at the same time,
/// which SQLite before 3.51.3 does not survive (DESIGN 5).
///
/// It stores what it is given, after checking that it can be the next part of this history; the
/// decisions stand elsewhere.
package final class LogWriter {
    /// What the writer may do. `ready` goes to `suspect` when a write or an fsync failed, and
    /// back by `recover()`; both go to `closed`, which has no exit.
    enum State {
        /// Waits for batches.
        case ready(Tables)
        /// Waits for `recover()`. The connection has been given up: after a failed fsync what
        /// it would read is the page cache and not the disk.
        case suspect(cause: String)
        case closed
    }

    /// What one open connection is made of; released together.
    struct Tables {
        let connection: SQLiteConnection
        let queries: EventQueries
        let inserts: LogInserts
    }

    package let logID: LogID
    /// The last event that is durable here.
    package internal(set) var head: LogHead
    package let settings: LogSettings
    let directory: DataDirectory
    let anchor: AnchorFile
    var state: State
    var requests: RequestIndexSum
    var space: LogSpace
    /// Frames of the WAL that the database file holds too.
    var checkpointedFrames = 0

    init(
        _ directory: DataDirectory, _ settings: LogSettings, _ found: LogInspection.Finding,
        _ tables: Tables, _ anchor: AnchorFile
    ) {
        self.directory = directory
        self.settings = settings
        self.anchor = anchor
        logID = tables.queries.logID
        head = found.head
        requests = found.requests
        space = LogSpace(limits: settings.limits)
        state = .ready(tables)
    }

    var path: String { directory.logPath }

    /// The seq of the event that a request made; nil when the log has none. A hit is to be
    /// compared with the actor and request ID in that event's record (G11).
    package func seq(ofRequest key: RequestKey) throws(LogError) -> Seq? {
        try tables().queries.seq(of: key)
    }

    /// One event, checked; nil behind the head.
    package func row(at seq: Seq) throws(LogError) -> LogRow? {
        try tables().queries.row(at: seq)
    }

    /// Whether appends are taken; false until `recover()` succeeds after a failed write.
    package var isReady: Bool {
        if case .ready = state { true } else { false }
    }

    /// Copies the WAL into the file, syncs the anchor and closes. What fails here loses nothing:
    /// the WAL stays and the next opening reads it.
    package func close() throws(LogError) {
        guard case .ready(let tables) = state else {
            state = .closed
            return
        }
        state = .closed
        do {
            _ = try tables.connection.checkpoint(.truncate)
        } catch { throw .reading(path, error) }
        try anchor.sync()
    }

    func tables() throws(LogError) -> Tables {
        switch state {
        case .ready(let tables): return tables
        case .suspect(let cause): throw .suspect(path: path, cause: cause)
        case .closed: throw .unavailable(path: path, reason: "the log has been closed")
        }
    }
}
