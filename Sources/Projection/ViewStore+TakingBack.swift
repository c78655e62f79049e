package import EndpointModel
internal import EndpointState
internal import LogStore
package import Logging
package import SQLiteStore

/// Going back with a log from which a tail is about to be taken.
extension ViewStore {
    /// Takes the events behind `seq` back out of the file in `directory`, while the log still has
    /// them: the work is as long as the tail is, and not as the log. The file lags afterwards and
    /// never leads, so a tail that stays after all is folded again.
    ///
    /// That it cannot be done is no error: a file that the log does not lead to is made anew when
    /// it is next opened. So it is with a tail in which something was decided (an epoch, rights,
    /// members), for what stood before does not follow from what stands now.
    ///
    /// - Returns: Whether the file stands at `seq` now.
    @discardableResult
    package static func takeBack(
        _ events: any EventSource, behind seq: Seq, directory: String, logger: Logger,
        disk: Disk = .system
    ) -> Bool {
        let path = directory + "/" + DataDirectory.Name.views
        guard ViewFile.exists(path) else { return false }
        do {
            let connection = try ViewFile.open(path, on: disk)
            try ViewFile.check(connection)
            let stored = try ViewLoading(connection: connection).position()
            guard let tail = try ViewTail(of: events, behind: seq, through: stored) else {
                return false
            }
            try tail.takeBack(from: connection)
            try connection.close()
            logger.info(
                "views taken back",
                metadata: ["from": "\(stored.position.seq)", "to": "\(seq)"])
            return true
        } catch {
            logger.info(
                "views cannot be taken back", metadata: ["path": "\(path)", "reason": "\(error)"])
            return false
        }
    }
}

/// What some last events did to a views file, each key once.
private struct ViewTail {
    private var keys: [Key] = []
    /// Of the file without them.
    private var before: StoredPosition

    /// One key that they touched.
    private struct Key {
        /// The last event: what the file holds of the key.
        var held: EncodedItem
        /// The event that was the key's last before them; nil when they are its first.
        var former: EncodedItem?
    }

    /// - Returns: Nil when the file cannot be brought there: it does not stand behind that seq on this
    ///   log, or something was decided since.
    init?(of events: any EventSource, behind seq: Seq, through stored: StoredPosition)
        throws(ProjectionError)
    {
        let end = stored.position
        guard end.logID == events.logID, end.seq > seq, stored.unknownEvent == nil,
            try events.chain(at: end.seq) == end.chain, let chain = try events.chain(at: seq)
        else { return nil }
        before = stored
        before.position.seq = seq
        before.position.chain = chain

        var firsts = OrderedItems()
        var lasts = OrderedItems()
        var scan = EventScan(events, from: seq.next, through: end.seq)
        while let event = try scan.nextEvent() {
            if event.item.kind == .control {
                guard case .unknown(_, .ignorable)? = try? event.item.control() else { return nil }
                continue
            }
            if lasts.put(event.item) == nil { _ = firsts.put(event.item) }
        }
        for (first, last) in zip(firsts, lasts) {
            let previous = first.previousSeq
            let former = previous > .zero ? try events.event(at: previous).item : nil
            take(Key(held: last, former: former))
        }
    }

    private mutating func take(_ key: Key) {
        keys.append(key)
        let fingerprint = KeyFingerprint(keyOf: key.held)
        if key.held.kind == .put {
            before.digest.subtract(key.held.hash)
            before.liveCount -= 1
        } else {
            before.tombstoneSum.subtract(TombstoneHash.of(fingerprint, key.held.seq))
            before.deadCount -= 1
        }
        guard let former = key.former else { return }
        if former.kind == .put {
            before.digest.add(former.hash)
            before.liveCount += 1
        } else {
            before.tombstoneSum.add(TombstoneHash.of(fingerprint, former.seq))
            before.deadCount += 1
        }
    }

    /// One transaction, all or nothing.
    func takeBack(from connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("BEGIN IMMEDIATE")
        let rows = try ViewRows(connection)
        for key in keys {
            let fingerprint = KeyFingerprint(keyOf: key.held)
            if let former = key.former, former.kind == .put {
                try rows.put(former)
            } else {
                try rows.remove(keyOf: key.held)
            }
            if let former = key.former, former.kind == .delete {
                try rows.putTombstone(fingerprint, former.seq)
            } else {
                try rows.removeTombstone(fingerprint)
            }
        }
        try rows.putPosition(before)
        try connection.execute("COMMIT")
    }
}
