internal import EndpointModel
internal import SQLiteStore

/// The checks of opening, in the order of what each needs. What is cheap is checked whole
/// (identity, head against anchor, the request index); of the events the newest, the others when
/// they are read.
enum LogInspection {
    /// What a log that passed holds.
    struct Finding {
        var head: LogHead
        var requests: RequestIndexSum
    }

    /// Which log this is: schema, meta, and the anchor's and the caller's idea of it.
    static func identify(
        _ connection: SQLiteConnection, _ path: String, _ anchor: LogAnchor?,
        expecting expected: LogID?
    ) throws(LogError) -> LogID {
        try LogSchema.check(connection, path)
        let logID = try LogMeta.read(connection, path)
        try LogMeta.checkFreePages(connection, path)
        if let anchored = anchor?.logID, anchored != logID {
            throw .wrongLog(path: path, found: logID, expected: anchored)
        }
        if let expected, expected != logID {
            throw .wrongLog(path: path, found: logID, expected: expected)
        }
        return logID
    }

    /// The head, which must be at least the anchor's, on the same history (G1, G3).
    static func head(_ queries: EventQueries, _ anchor: LogAnchor?) throws(LogError) -> LogHead {
        let head = try queries.head()
        guard let anchored = anchor?.head, anchored.seq > .zero else { return head }
        guard head.seq >= anchored.seq else {
            throw queries.damage(
                nil, "the log ends at seq \(head.seq), the anchor names \(anchored)")
        }
        guard try queries.row(at: anchored.seq)?.chain == anchored.chain else {
            throw queries.damage(nil, "the log's chain is not the anchor's: \(anchored)")
        }
        return head
    }

    /// Hashes and links of the newest rows. Gives back the head, now proven by its row.
    static func checkTail(
        _ queries: EventQueries, _ head: LogHead, _ limits: LogLimits
    ) throws(LogError) {
        let length = UInt64(max(1, limits.openingRows))
        var next = Seq(head.seq.rawValue > length ? head.seq.rawValue - length + 1 : 1)
        while next <= head.seq {
            let rows = try queries.rows(
                from: next, limit: limits.pageRows, maxBytes: limits.pageBytes)
            guard let last = rows.last else { throw queries.damage(next, "it cannot be found") }
            next = last.seq.next
        }
    }

    /// The sum of the request index's rows up to a seq.
    static func requests(
        _ connection: SQLiteConnection, _ path: String, upTo last: Seq
    ) throws(LogError) -> RequestIndexSum {
        var sum = RequestIndexSum()
        do {
            let query = try SQLiteStatement(connection, "SELECT key, seq FROM requests")
            while try query.step() {
                guard let number = query.integer(1).flatMap({ UInt64(exactly: $0) }),
                    Seq(number) <= last
                else { continue }
                _ = query.withBlob(0) { sum.add($0, Seq(number)) }
            }
        } catch { throw .reading(path, error) }
        return sum
    }

    /// Whether the key stands behind the last one, which it then is: pages that damage has linked
    /// in more than once must not go on for ever.
    private static func isBehind(_ last: inout [UInt8]?, _ key: UnsafeRawBufferPointer) -> Bool {
        let isBehind = last.map { last in
            last.withUnsafeBytes { ByteOrder.compare($0, key) < 0 }
        }
        last?.removeAll(keepingCapacity: true)
        last?.append(contentsOf: key)
        last = last ?? Array(key)
        return isBehind ?? true
    }

    /// Scans the request index: ascending, no row behind the head, and the sum that the anchor
    /// has for the rows up to its seq. `docs/decisions/0003-request-index.md`.
    static func requests(
        _ connection: SQLiteConnection, _ path: String, _ head: LogHead, _ anchor: LogAnchor
    ) throws(LogError) -> RequestIndexSum {
        var all = RequestIndexSum()
        var anchored = RequestIndexSum()
        var isSound = true
        var last: [UInt8]?
        do {
            let query = try SQLiteStatement(connection, "SELECT key, seq FROM requests")
            while try query.step() {
                let seq = query.integer(1).flatMap { UInt64(exactly: $0) }.map { Seq($0) }
                guard let seq, seq > .zero, seq <= head.seq else {
                    isSound = false
                    break
                }
                let ascends = query.withBlob(0) { key in
                    all.add(key, seq)
                    if seq <= anchor.head.seq { anchored.add(key, seq) }
                    return Self.isBehind(&last, key)
                }
                guard ascends ?? false else {
                    isSound = false
                    break
                }
            }
        } catch { throw .reading(path, error) }
        guard isSound, anchored == anchor.requests else {
            throw .damaged(
                path: path, firstBad: nil,
                reason: "the request index has \(anchored.count) of \(anchor.requests.count) "
                    + "requests, or another sum")
        }
        return all
    }
}
