internal import EndpointModel
internal import SQLiteStore

extension LogWriter {
    /// After a failed write: the WAL written anew, a fresh connection, one full checkpoint, and a check of the tail
    /// against the anchor, before the next acknowledgement. When it throws, the writer stays
    /// suspect, its readers go on, and it can be called again.
    ///
    /// Writing anew is what makes the answer true. After a failed fsync Linux marks the pages
    /// clean, so another fsync would succeed without having written them. The checkpoint does the
    /// same for the database file, whose own fsync may have failed.
    ///
    /// `head` then says what became of the batch in flight: it is in the log, whole, or not.
    package func recover() throws(LogError) {
        guard case .suspect(let cause) = state else { return }
        do throws(LogError) {
            guard let last = try AnchorFile.read(directory.anchorPath, on: settings.disk) else {
                throw .anchorMissing(path: directory.anchorPath)
            }
            try Self.renewWAL(of: path, settings.disk)
            let connection = try LogConnection.writer(path, settings, anchored: last)
            _ = try LogInspection.identify(connection, path, last, expecting: logID)
            let tables = try Self.prepare(connection, logID, path, settings)
            try moveWAL(tables)
            let found = try LogInspection.head(tables.queries, last)
            guard found.seq >= head.seq else {
                throw .damaged(
                    path: path, firstBad: found.seq.next,
                    reason: "the log must reach seq \(head.seq)")
            }
            try LogInspection.checkTail(tables.queries, found, settings.limits)
            let sum = try LogInspection.requests(connection, path, found, last)
            try anchor.write(found, logID, sum)
            try anchor.sync()
            head = found
            requests = sum
            checkpointedFrames = 0
            state = .ready(tables)
        } catch {
            throw .suspect(path: path, cause: "\(cause); recovery failed: \(error.description)")
        }
    }

    private func moveWAL(_ tables: Tables) throws(LogError) {
        let result: SQLiteCheckpoint?
        do { result = try tables.connection.checkpoint(.truncate) } catch {
            throw .reading(path, error)
        }
        guard result != nil else {
            throw .unavailable(path: path, reason: "a reader's snapshot holds the WAL back")
        }
    }
}
