internal import EndpointModel
internal import SQLiteStore

/// Names the first event that is missing or wrong in a file that was refused. Slow (it reads the
/// log from its first event) and therefore only on that path.
enum DamageSearch {
    /// Adds what the search finds to a refusal that has no seq; other errors pass as they are.
    static func locate(
        _ error: LogError, in path: String, _ anchor: LogAnchor?, _ settings: LogSettings
    ) -> LogError {
        guard case .damaged(path, nil, let reason) = error else { return error }
        switch firstBad(path, anchor, settings) {
        case .bad(let seq, let why):
            return .damaged(path: path, firstBad: seq, reason: "\(reason) (\(why))")
        case .none(let head):
            return .damaged(
                path: path, firstBad: nil, reason: "\(reason) (events up to seq \(head) are right)")
        }
    }

    private enum Found {
        case bad(Seq, String)
        case none(Seq)
    }

    private static func firstBad(
        _ path: String, _ anchor: LogAnchor?, _ settings: LogSettings
    ) -> Found {
        var next = Seq(1)
        do throws(LogError) {
            let queries = try open(path, anchor, settings)
            while let last = try queries.rows(
                from: next, limit: settings.limits.pageRows, maxBytes: settings.limits.pageBytes
            ).last {
                next = last.seq.next
            }
            if let anchored = anchor?.head.seq, anchored >= next {
                return .bad(next, "the log must reach seq \(anchored)")
            }
        } catch { return .bad(error.firstBad ?? next, error.what) }
        return .none(Seq(next.rawValue - 1))
    }

    private static func open(
        _ path: String, _ anchor: LogAnchor?, _ settings: LogSettings
    ) throws(LogError) -> EventQueries {
        let connection: SQLiteConnection
        do { connection = try LogConnection.lenientReader(path, settings) } catch {
            throw .reading(path, error)
        }
        try LogSchema.checkTables(connection, path)
        let logID: LogID
        if let anchor { logID = anchor.logID } else { logID = try LogMeta.read(connection, path) }
        return try EventQueries(connection, logID: logID, path: path, limits: settings.limits)
    }
}
