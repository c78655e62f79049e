internal import SQLiteStore

extension LogWriter {
    /// When the owner asks.
    package enum Occasion: Sendable {
        /// No batch waits.
        case idle
        /// Between batches under load.
        case busy
    }

    /// What came of it.
    package enum CheckpointOutcome: Hashable, Sendable {
        /// Too little has gathered.
        case notDue
        /// The file holds all that the WAL holds.
        case complete
        /// A reader's snapshot holds some of the WAL back; the next occasion goes on.
        case heldBack
    }

    /// Moves the WAL into the file when it is due. Called by the owner between appends, so never
    /// while a commit runs. A reader with an open snapshot delays it, and fails nothing.
    ///
    /// PASSIVE does the work without waiting for anyone, and the next commit then begins the WAL
    /// anew. Where readers always overlap, that moment may never come: a WAL of four times the
    /// limit is RESTARTed, which waits for readers for a bounded time. TRUNCATE gives a WAL file
    /// that grew back to the disk, when idle. A failed checkpoint is a failed write.
    package func checkpointIfDue(_ occasion: Occasion) throws(LogError) -> CheckpointOutcome {
        let tables = try tables()
        let limits = settings.limits
        let uncopied = uncopiedBytes(tables)
        let due: Int
        var depth = SQLiteConnection.CheckpointDepth.passive
        switch occasion {
        case .idle:
            due = limits.idleCheckpointBytes
            if walFileBytes > UInt64(limits.walKeepBytes) { depth = .truncate }
        case .busy:
            due = limits.busyCheckpointBytes
            if walBytes(tables) >= 4 * limits.busyCheckpointBytes { depth = .restart }
        }
        guard uncopied >= due || depth == .truncate else { return .notDue }
        return try checkpoint(tables, depth)
    }

    /// Bytes of the database file and its WAL.
    package var bytesOnDisk: UInt64 { (FileSystem.size(of: path) ?? 0) &+ walFileBytes }

    func checkpoint(
        _ tables: Tables, _ depth: SQLiteConnection.CheckpointDepth
    ) throws(LogError) -> CheckpointOutcome {
        let result: SQLiteCheckpoint?
        do {
            // A loaded log waits a bounded time for readers, an idle one for nobody.
            let wait = depth == .truncate ? 0 : settings.limits.readerWaitMilliseconds
            try tables.connection.waitWhenBusy(milliseconds: wait)
            result = try tables.connection.checkpoint(depth)
            try tables.connection.waitWhenBusy(
                milliseconds: settings.limits.readerWaitMilliseconds)
        } catch {
            throw fail("a checkpoint failed: \(error.description)")
        }
        do { try anchor.sync() } catch {
            throw fail("the anchor could not be synced: \(error.description)")
        }
        guard let result else { return .heldBack }
        checkpointedFrames = result.isComplete ? walFrames(tables) : result.copiedFrames
        return result.isComplete ? .complete : .heldBack
    }

    func uncopiedBytes(_ tables: Tables) -> Int {
        let frames = walFrames(tables)
        // A commit that began the WAL anew leaves fewer frames than were copied before.
        if frames < checkpointedFrames { checkpointedFrames = 0 }
        return (frames - checkpointedFrames) * Self.frameBytes
    }

    private func walBytes(_ tables: Tables) -> Int { walFrames(tables) * Self.frameBytes }
    private func walFrames(_ tables: Tables) -> Int { tables.connection.walFrames }
    private var walFileBytes: UInt64 { FileSystem.size(of: path + "-wal") ?? 0 }
    /// A WAL frame is a page and its header of 24 bytes.
    private static let frameBytes = LogSchema.pageSize + 24
}
