package import EndpointModel
internal import EndpointState
internal import Logging
internal import SQLiteStore

/// Writing behind the log, and making the file anew.
extension ViewStore {
    /// Brings the file to where the changes lead: one transaction, all or nothing. On failure
    /// the same changes, or these and later ones, may be written later.
    ///
    /// The changes must be durable in the log already, and begin where the file ends.
    package func write(_ pending: PendingChanges) throws(ProjectionError) {
        precondition(pending.position.seq >= position.seq, "changes begin where the file ends")
        guard let connection = try openedConnection() else { return try remake(pending) }
        var next = stored
        next.position = pending.position
        next.digest = pending.digest
        next.liveCount = pending.liveCount
        next.deadCount = pending.deadCount
        next.unknownEvent = pending.unknownEvent
        next.control = pending.control
        let items = pending.itemsInKeyOrder
        next.tombstoneSum = tombstoneSum(after: pending, items)
        guard next != stored else { return }
        do {
            try connection.execute("BEGIN IMMEDIATE")
            try apply(pending, items, next, to: connection)
            try connection.execute("COMMIT")
        } catch {
            // Whether that was a commit or none, the file says when it is opened anew.
            self.connection = nil
            throw .viewsUnavailable(path: path, reason: error.description)
        }
        stored = next
    }

    /// The open file; nil when it does not stand where it stood: a commit that had seemed to fail is
    /// in it, or it is damaged.
    private func openedConnection() throws(ProjectionError) -> SQLiteConnection? {
        if let connection { return connection }
        guard ViewFile.exists(path) else { return nil }
        do {
            let opened = try ViewFile.open(path, on: place.disk)
            try ViewFile.check(opened)
            guard try ViewLoading(connection: opened).position() == stored else { return nil }
            connection = opened
            return opened
        } catch let error as SQLiteError where error.isPassing || error.isIO {
            throw .viewsUnavailable(path: path, reason: error.description)
        } catch { return nil }
    }

    /// Makes the file anew from the log, up to where the changes lead.
    private func remake(_ pending: PendingChanges) throws(ProjectionError) {
        var view = PositionedView(emptyLog: events.logID)
        try view.fold(events, through: pending.position.seq)
        (connection, stored) = try Self.replace(place, by: view)
    }

    private func apply(
        _ pending: PendingChanges, _ items: [EncodedItem], _ next: StoredPosition,
        to connection: SQLiteConnection
    ) throws(SQLiteError) {
        let rows = try ViewRows(connection)
        for key in pending.tombstonesBefore.keys { try rows.removeTombstone(key) }
        for item in items {
            if item.kind == .put {
                try rows.put(item)
            } else {
                try rows.remove(keyOf: item)
                try rows.putTombstone(KeyFingerprint(keyOf: item), item.seq)
            }
        }
        try rows.putPosition(next)
    }

    private func tombstoneSum(after pending: PendingChanges, _ items: [EncodedItem])
        -> StateDigest
    {
        var sum = stored.tombstoneSum
        for (key, seq) in pending.tombstonesBefore { sum.subtract(TombstoneHash.of(key, seq)) }
        for item in items where item.kind == .delete {
            sum.add(TombstoneHash.of(KeyFingerprint(keyOf: item), item.seq))
        }
        return sum
    }

    /// Gives back the memory that writes to come could do without.
    package func rest() { connection?.releasePages() }

    // MARK: Rebuilding

    /// What folding the log anew came to.
    package struct Rebuilt {
        package var view: PositionedView
        /// The digest that the file had at the same position.
        package var digestBefore: StateDigest
        package var isEqual: Bool { view.view.digest == digestBefore }
    }

    /// Folds the log anew up to the file's position, builds the next file beside the live one,
    /// compares digests and switches. The log is right in any case; a difference is a fault of
    /// ours, and is logged as an error (G5).
    package func rebuild() throws(ProjectionError) -> Rebuilt {
        var view = PositionedView(emptyLog: events.logID)
        try view.fold(events, through: position.seq)
        let rebuilt = Rebuilt(view: view, digestBefore: stored.digest)
        if !rebuilt.isEqual {
            logger.error(
                "views differ from the log",
                metadata: [
                    "seq": "\(position.seq)", "views": "\(stored.digest)",
                    "log": "\(view.view.digest)",
                ])
        }
        // Whatever comes of it, what is open now may stand under no name afterwards.
        connection = nil
        (connection, stored) = try Self.replace(place, by: view)
        return rebuilt
    }
}
