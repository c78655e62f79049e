internal import CSQLite

/// What a checkpoint came to.
package struct SQLiteCheckpoint: Hashable, Sendable {
    /// Frames in the WAL when the checkpoint ended.
    package var walFrames: Int
    /// How many of them the database file holds now.
    package var copiedFrames: Int

    /// Nothing is left that only the WAL holds.
    package var isComplete: Bool { copiedFrames >= walFrames }
}

extension SQLiteConnection {
    /// How far a checkpoint goes.
    package enum CheckpointDepth: Sendable {
        /// Copies what no reader's snapshot holds back; waits for nobody.
        case passive
        /// Copies everything and makes the next commit begin the WAL anew.
        case restart
        /// As `restart`, and cuts the WAL file to nothing.
        case truncate

        var mode: Int32 {
            switch self {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .restart: SQLITE_CHECKPOINT_RESTART
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        }
    }

    /// Runs a checkpoint. Nil when a reader's snapshot (or a lock) kept it from finishing: that
    /// is no failure, the WAL only stays longer. Only the connection that also commits may call
    /// this: SQLite before 3.51.3 can lose commits when the two meet on different connections.
    package func checkpoint(_ depth: CheckpointDepth) throws(SQLiteError) -> SQLiteCheckpoint? {
        var frames: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(pointer, "main", depth.mode, &frames, &copied)
        if code & 0xFF == SQLITE_BUSY { return nil }
        guard code == SQLITE_OK else { throw error(code, "wal_checkpoint") }
        return SQLiteCheckpoint(walFrames: max(0, Int(frames)), copiedFrames: max(0, Int(copied)))
    }
}

extension SQLiteConnection {
    /// Keeps `walFrames` at what the WAL holds after each commit of this connection.
    package func countWALFrames() {
        sqlite3_wal_hook(
            pointer,
            { counter, _, _, frames in
                counter?.assumingMemoryBound(to: Int32.self).pointee = frames
                return SQLITE_OK
            }, walFrameCounter)
    }

    /// Frames in the WAL after this connection's last commit, copied or not.
    package var walFrames: Int { Int(walFrameCounter.pointee) }
}
