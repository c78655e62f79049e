package import EndpointModel
internal import EndpointState
internal import LogStore
package import Logging
internal import SQLiteStore

/// `views.sqlite`: the current view on disk, so that a start need not fold the whole log.
///
/// Derived and disposable. It is written behind the log, so it can lag but never lead; it names
/// the position that it is valid for; and whatever is wrong with it, it is thrown away and made
/// anew from the log, which is said aloud (G5). Not Sendable: one thread owns it.
package final class ViewStore {
    package let path: String
    /// The history that the file holds the fold of.
    package var position: Position { stored.position }
    private(set) var stored: StoredPosition
    private var connection: SQLiteConnection
    private let events: any EventSource
    private let logger: Logger

    /// What opening came to.
    package struct Opened {
        package var store: ViewStore
        /// The fold of the log up to its head.
        package var view: PositionedView
        /// What of that the file does not hold yet.
        package var pending: PendingChanges
        package var origin: Origin
    }

    package enum Origin: Hashable, Sendable {
        /// The file held the view at this seq; the tail behind it came from the log.
        case loaded(at: Seq)
        /// The file was missing or unusable, as the text says; every event was folded.
        case rebuilt(reason: String)
    }

    private init(
        _ path: String, _ connection: SQLiteConnection, _ stored: StoredPosition,
        _ events: any EventSource, _ logger: Logger
    ) {
        self.path = path
        self.connection = connection
        self.stored = stored
        self.events = events
        self.logger = logger
    }

    // MARK: Opening

    /// Loads the view of `events` out of `directory`, or folds it anew.
    ///
    /// - Throws: what is wrong with the log; `viewsUnavailable` when a new file cannot be made.
    ///   A damaged file is no error.
    package static func open(
        directory: String, events: any EventSource, logger: Logger
    ) throws(ProjectionError) -> Opened {
        let path = directory + "/" + DataDirectory.Name.views
        let fault: String
        do {
            return try load(path, events, logger)
        } catch let found as ViewFault {
            fault = found.reason
        } catch let found as SQLiteError where found.isPassing {
            throw .viewsUnavailable(path: path, reason: found.description)
        } catch {
            fault = "\(error)"
        }
        // An empty log has no view to lose.
        logger.log(
            level: try events.headSeq == .zero ? .debug : .warning,
            "views are made anew from the log",
            metadata: ["path": "\(path)", "reason": "\(fault)"])
        return try make(path, events, logger, reason: fault)
    }

    private static func load(
        _ path: String, _ events: any EventSource, _ logger: Logger
    ) throws -> Opened {
        guard ViewFile.exists(path) else { throw ViewFault("there is no views file") }
        let connection = try ViewFile.open(path)
        var (view, stored) = try ViewLoading(connection: connection).load()
        guard stored.position.logID == events.logID else {
            throw ViewFault("it is of log \(stored.position.logID)")
        }
        guard try events.chain(at: stored.position.seq) == stored.position.chain else {
            throw ViewFault("the log does not hold its position, seq \(stored.position.seq)")
        }
        let store = ViewStore(path, connection, stored, events, logger)
        var pending = PendingChanges(after: view)
        try view.fold(events, through: try events.headSeq) { pending.add($0, at: $1.position) }
        return Opened(
            store: store, view: view, pending: pending, origin: .loaded(at: stored.position.seq))
    }

    private static func make(
        _ path: String, _ events: any EventSource, _ logger: Logger, reason: String
    ) throws(ProjectionError) -> Opened {
        var view = PositionedView(emptyLog: events.logID)
        try view.fold(events, through: try events.headSeq)
        let (connection, stored) = try replace(path, by: view)
        let store = ViewStore(path, connection, stored, events, logger)
        return Opened(
            store: store, view: view, pending: PendingChanges(after: view),
            origin: .rebuilt(reason: reason))
    }

    /// Writes a view beside the live file and switches to it.
    private static func replace(
        _ path: String, by view: PositionedView
    ) throws(ProjectionError) -> (SQLiteConnection, StoredPosition) {
        let next = path + "-next"
        do {
            try ViewFile.write(view, to: next)
        } catch { throw .viewsUnavailable(path: next, reason: error.description) }
        try ViewFile.replace(path, by: next)
        do {
            let connection = try ViewFile.open(path)
            // All of it is read, and believed by nobody, when it is next opened.
            try ViewFile.check(connection)
            return (connection, try ViewLoading(connection: connection).position())
        } catch { throw .viewsUnavailable(path: path, reason: "\(error)") }
    }

    // MARK: Writing behind

    /// Brings the file to where the changes lead: one transaction, all or nothing. On failure
    /// the file stands where it stood, and the same changes may be written later.
    ///
    /// The changes must be durable in the log already, and begin where the file ends.
    package func write(_ pending: PendingChanges) throws(ProjectionError) {
        precondition(pending.position.seq >= position.seq, "changes begin where the file ends")
        var next = stored
        next.position = pending.position
        next.digest = pending.digest
        next.liveCount = pending.liveCount
        next.deadCount = pending.deadCount
        next.unknownEvent = pending.unknownEvent
        next.tombstoneSum = tombstoneSum(after: pending)
        guard next != stored else { return }
        do {
            try connection.execute("BEGIN IMMEDIATE")
            try apply(pending, next)
            try connection.execute("COMMIT")
        } catch {
            // Many failures have rolled back already; another error here says nothing new.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw .viewsUnavailable(path: path, reason: error.description)
        }
        stored = next
    }

    private func apply(
        _ pending: PendingChanges, _ next: StoredPosition
    ) throws(SQLiteError) {
        let rows = try ViewRows(connection)
        for key in pending.tombstonesBefore.keys { try rows.removeTombstone(key) }
        for item in pending.items {
            if item.kind == .put {
                try rows.put(item)
            } else {
                try rows.remove(keyOf: item)
                try rows.putTombstone(KeyFingerprint(keyOf: item), item.seq)
            }
        }
        try rows.putPosition(next)
    }

    private func tombstoneSum(after pending: PendingChanges) -> StateDigest {
        var sum = stored.tombstoneSum
        for (key, seq) in pending.tombstonesBefore { sum.subtract(TombstoneHash.of(key, seq)) }
        for item in pending.items where item.kind == .delete {
            sum.add(TombstoneHash.of(KeyFingerprint(keyOf: item), item.seq))
        }
        return sum
    }

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
        (connection, stored) = try Self.replace(path, by: view)
        return rebuilt
    }

    /// Closes the file; it stands alone afterwards.
    package func close() throws(ProjectionError) {
        do { try connection.close() } catch {
            throw .viewsUnavailable(path: path, reason: error.description)
        }
    }
}

extension SQLiteError {
    /// Speaks of the moment, not of the file: a lock, memory, descriptors, permissions.
    fileprivate var isPassing: Bool {
        // SQLITE_PERM 3, BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, FULL 13, CANTOPEN 14
        [3, 5, 6, 7, 8, 13, 14].contains(code)
    }
}
