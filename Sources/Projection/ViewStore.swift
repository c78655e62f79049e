package import EndpointModel
internal import EndpointState
internal import LogStore
package import Logging
package import SQLiteStore

/// `views.sqlite`: the current view on disk, so that a start need not fold the whole log.
///
/// Derived and disposable. It is written behind the log, so it can lag but never lead; it names
/// the position that it is valid for; and whatever is wrong with it, it is thrown away and made
/// anew from the log, which is said aloud (G5). Not Sendable: one thread owns it.
package final class ViewStore {
    /// The history that the file holds the fold of.
    package var position: Position { stored.position }
    var path: String { place.path }
    var stored: StoredPosition
    /// Nil when a write failed: what an open file would then show need not be on the disk, and the
    /// next write opens it anew.
    var connection: SQLiteConnection?
    let place: Place
    let events: any EventSource
    let logger: Logger

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

    /// Where the file is, and how it is reached.
    struct Place {
        let path: String
        let disk: Disk
    }

    private init(
        _ place: Place, _ connection: SQLiteConnection, _ stored: StoredPosition,
        _ events: any EventSource, _ logger: Logger
    ) {
        self.place = place
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
        directory: String, events: any EventSource, logger: Logger, disk: Disk = .system
    ) throws(ProjectionError) -> Opened {
        let place = Place(path: directory + "/" + DataDirectory.Name.views, disk: disk)
        let path = place.path
        let fault: String
        do {
            return try load(place, events, logger)
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
        return try make(place, events, logger, reason: fault)
    }

    private static func load(
        _ place: Place, _ events: any EventSource, _ logger: Logger
    ) throws -> Opened {
        guard ViewFile.exists(place.path) else { throw ViewFault("there is no views file") }
        let connection = try ViewFile.open(place.path, on: place.disk)
        var (view, stored) = try ViewLoading(connection: connection).load()
        guard stored.position.logID == events.logID else {
            throw ViewFault("it is of log \(stored.position.logID)")
        }
        guard try events.chain(at: stored.position.seq) == stored.position.chain else {
            throw ViewFault("the log does not hold its position, seq \(stored.position.seq)")
        }
        let store = ViewStore(place, connection, stored, events, logger)
        var pending = PendingChanges(after: view)
        try view.fold(events, through: try events.headSeq) { pending.add($0, at: $1.position) }
        return Opened(
            store: store, view: view, pending: pending, origin: .loaded(at: stored.position.seq))
    }

    private static func make(
        _ place: Place, _ events: any EventSource, _ logger: Logger, reason: String
    ) throws(ProjectionError) -> Opened {
        var view = PositionedView(emptyLog: events.logID)
        try view.fold(events, through: try events.headSeq)
        let (connection, stored) = try replace(place, by: view)
        let store = ViewStore(place, connection, stored, events, logger)
        return Opened(
            store: store, view: view, pending: PendingChanges(after: view),
            origin: .rebuilt(reason: reason))
    }

    /// Writes a view beside the live file and switches to it.
    static func replace(
        _ place: Place, by view: PositionedView
    ) throws(ProjectionError) -> (SQLiteConnection, StoredPosition) {
        let next = place.path + "-next"
        do {
            try ViewFile.write(view, to: next, on: place.disk)
        } catch { throw .viewsUnavailable(path: next, reason: error.description) }
        try ViewFile.replace(place.path, by: next, on: place.disk)
        return try reopen(place)
    }

    static func reopen(
        _ place: Place
    ) throws(ProjectionError) -> (SQLiteConnection, StoredPosition) {
        do {
            let connection = try ViewFile.open(place.path, on: place.disk)
            // All of it is read, and believed by nobody, when it is next opened.
            try ViewFile.check(connection)
            return (connection, try ViewLoading(connection: connection).position())
        } catch { throw .viewsUnavailable(path: place.path, reason: "\(error)") }
    }

    /// Closes the file; it stands alone afterwards.
    package func close() throws(ProjectionError) {
        do { try connection?.close() } catch {
            throw .viewsUnavailable(path: path, reason: error.description)
        }
    }
}

extension SQLiteError {
    /// Speaks of the moment, not of the file: a lock, memory, descriptors, permissions.
    var isPassing: Bool {
        // SQLITE_PERM 3, BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, FULL 13, CANTOPEN 14
        [3, 5, 6, 7, 8, 13, 14].contains(code)
    }
}
