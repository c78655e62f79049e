internal import EndpointModel
internal import SQLiteStore

/// The prepared reads of one connection, for writer and readers alike. Each is one short read
/// transaction: it is reset before it returns. Every row that leaves here has been checked
/// against its own hash and its place in the chain, so damage on the disk is an error with a
/// seq, never a wrong event (G3).
final class EventQueries {
    let path: String
    let logID: LogID
    private let limits: LogLimits
    private let page: SQLiteStatement
    private let newest: SQLiteStatement
    private let request: SQLiteStatement
    /// The last row found good: reading on from there needs no second look at it.
    private var verified: LogHead

    /// - Parameter base: What the first row follows; nil: the log's origin.
    init(
        _ connection: SQLiteConnection, logID: LogID, path: String, limits: LogLimits,
        base: LogHead? = nil
    ) throws(LogError) {
        self.path = path
        self.logID = logID
        self.limits = limits
        verified = base ?? .origin(of: logID)
        do {
            page = try SQLiteStatement(
                connection,
                """
                SELECT seq, record_hash, chain, record FROM events
                WHERE seq >= ?1 ORDER BY seq LIMIT ?2
                """)
            newest = try SQLiteStatement(
                connection, "SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1")
            request = try SQLiteStatement(connection, "SELECT seq FROM requests WHERE key = ?1")
        } catch { throw .reading(path, error) }
    }

    /// What was found good may be gone.
    func forget() { verified = .origin(of: logID) }

    /// The newest event's seq and chain hash as they are stored, not yet checked.
    func head() throws(LogError) -> LogHead {
        defer { newest.reset() }
        do {
            guard try newest.step() else { return .origin(of: logID) }
        } catch { throw .reading(path, error) }
        guard let number = newest.integer(0), let seq = UInt64(exactly: number), seq > 0,
            let chain = newest.withBlob(1, { Hash256(bytes: $0) }) ?? nil
        else { throw damage(nil, "the newest event's columns are not what they should be") }
        return LogHead(seq: Seq(seq), chain: chain)
    }

    /// Rows from `first` on: at most `limit`, and at most `maxBytes` of records unless the first
    /// alone has more. Empty behind the head.
    func rows(from first: Seq, limit: Int, maxBytes: Int) throws(LogError) -> [LogRow] {
        guard first > .zero, first <= Seq.last, limit > 0 else { return [] }
        let isKnown = verified.seq.next == first || first == Seq(1)
        var link = try self.link(before: first)
        let stored = try self.stored(
            from: first, limit: min(limit, limits.pageRows), maxBytes: maxBytes)
        for row in stored.rows {
            if let fault = row.fault(after: link) {
                try blamePredecessor(of: row, first, isKnown)
                throw damage(link.seq.next, fault)
            }
            link = row.head
        }
        if let failure = stored.failure { throw failure }
        guard stored.rows.isEmpty else {
            verified = link
            return stored.rows
        }
        guard try head().seq < first else { throw damage(first, "it cannot be found") }
        return []
    }

    /// One event; nil behind the head.
    func row(at seq: Seq) throws(LogError) -> LogRow? {
        try rows(from: seq, limit: 1, maxBytes: 0).first
    }

    func seq(of key: RequestKey) throws(LogError) -> Seq? {
        var buffer: [UInt8] = []
        let found = key.withBytes(&buffer) { bytes -> Result<Int64?, SQLiteError> in
            defer { request.reset() }
            do throws(SQLiteError) {
                try request.bind(1, borrowing: bytes)
                return .success(try request.step() ? request.integer(0) : nil)
            } catch { return .failure(error) }
        }
        switch found {
        case .success(let number): return number.flatMap { UInt64(exactly: $0) }.map { Seq($0) }
        case .failure(let error): throw .reading(path, error)
        }
    }

    /// The head that `first` must follow. When it is not at hand its row is read and held to its
    /// own hash; its chain hash is judged by whether `first` fits.
    private func link(before first: Seq) throws(LogError) -> LogHead {
        if first == Seq(1) { return .origin(of: logID) }
        if verified.seq.next == first { return verified }
        let previous = Seq(first.rawValue - 1)
        let stored = try self.stored(from: previous, limit: 1, maxBytes: 0)
        if let failure = stored.failure { throw failure }
        guard let row = stored.rows.first else {
            guard try head().seq < previous else { throw damage(previous, "it cannot be found") }
            return LogHead(seq: previous, chain: .zero)
        }
        guard row.seq == previous else { throw damage(previous, "it cannot be found") }
        return row.head
    }

    /// A page's first row that does not fit may itself be right and the row before it wrong.
    private func blamePredecessor(
        of row: LogRow, _ first: Seq, _ isKnown: Bool
    ) throws(LogError) {
        guard row.seq == first, !isKnown else { return }
        let previous = Seq(first.rawValue - 1)
        let begin = max(Seq(1), Seq(previous.rawValue - 1))
        let before = try stored(from: begin, limit: 2, maxBytes: .max).rows
        let link = previous == Seq(1) ? .origin(of: logID) : before.first?.head
        guard let link, let suspect = before.first(where: { $0.seq == previous }),
            let fault = suspect.fault(after: link)
        else { return }
        throw damage(previous, fault)
    }

    /// Rows as they are stored, up to where the file can be read. What stopped that comes beside
    /// them: a row before it may be wrong too, and the first is the one to name.
    private func stored(
        from first: Seq, limit: Int, maxBytes: Int
    ) throws(LogError) -> (rows: [LogRow], failure: LogError?) {
        var rows: [LogRow] = []
        var bytes = 0
        defer { page.reset() }
        do {
            try page.bind(1, Int64(first.rawValue))
            try page.bind(2, Int64(limit))
            while try page.step() {
                bytes += page.blobBytes(3)
                if bytes > maxBytes, !rows.isEmpty { break }
                guard let row = currentRow() else {
                    return (rows, damage(next(rows, first), "its columns do not read"))
                }
                rows.append(row)
            }
        } catch {
            guard error.isDamage else { throw .reading(path, error) }
            return (rows, damage(next(rows, first), error.description))
        }
        return (rows, nil)
    }

    private func next(_ rows: [LogRow], _ first: Seq) -> Seq { rows.last?.seq.next ?? first }

    private func currentRow() -> LogRow? {
        guard let number = page.integer(0), let seq = UInt64(exactly: number),
            let recordHash = page.withBlob(1, { Hash256(bytes: $0) }) ?? nil,
            let chain = page.withBlob(2, { Hash256(bytes: $0) }) ?? nil,
            page.blobBytes(3) <= limits.recordBytes,
            let record = page.withBlob(3, { Array($0) })
        else { return nil }
        return LogRow(seq: Seq(seq), record: record, recordHash: recordHash, chain: chain)
    }

    func damage(_ seq: Seq?, _ reason: String) -> LogError {
        .damaged(path: path, firstBad: seq, reason: reason)
    }
}
