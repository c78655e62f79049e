public import EndpointModel
internal import SyncProtocol

extension EndpointClient {
    /// One endpoint, now or at a point in the past; nil when there was none.
    ///
    /// - Throws: ``ClientError``: `position-ahead`, `position-compacted`, `unreachable` …
    public func get(_ key: EndpointKey, at point: LogPoint? = nil) async throws -> EncodedItem? {
        let pages = pages(.get(key, at: point?.wire)) { $0.items }
        do {
            return try await pages.collect().elements.first
        } catch let error as ClientError where error.code == .notFound {
            return nil
        }
    }

    /// All endpoints of a selection, in the order of namespace, then name, now or at a point in
    /// the past. The seq of the answer is that of the state.
    public func list(_ selection: Selection = .everything, at point: LogPoint? = nil)
        -> QueryPages<EncodedItem>
    {
        pages(.list(selection.wire, at: point?.wire)) { $0.items }
    }

    /// The events themselves, ascending.
    ///
    /// - Parameters:
    ///   - from: The first event; of a time the first that is not before it. Nil: the log's first.
    ///   - to: The last event, which belongs to it; nil: the head when it is asked.
    ///   - key: Only this endpoint's; nil: all.
    ///   - actor: Only this actor's; empty: all.
    public func log(
        from: LogPoint? = nil, to: LogPoint? = nil, key: EndpointKey? = nil, actor: String = ""
    ) -> QueryPages<LogEntry> {
        let query = LogQuery(from: from?.wire, to: to?.wire, key: key, actor: actor)
        return pages(.log(query)) { $0.entries }
    }

    /// All events of one endpoint, ascending, with those of endpoints that had its key before.
    /// Iteration throws `not-found` when there never was one.
    public func history(_ key: EndpointKey) -> QueryPages<LogEntry> {
        pages(.history(key)) { $0.entries }
    }

    /// What the state after `to` has different from the state after `from`, each endpoint once,
    /// in the order of keys.
    public func diff(from: LogPoint, to: LogPoint) -> QueryPages<EndpointDifference> {
        pages(.diff(from: from.wire, to: to.wire)) { body in
            guard case .diff(let entries) = body else { return nil }
            return entries.map { EndpointDifference(before: $0.before, after: $0.after) }
        }
    }

    /// Has the server check its log from a seq on: every event's bytes, hashes and place.
    ///
    /// - Returns: Also of a log that is not whole; ``LogVerification/firstBad`` says where.
    /// - Throws: ``ClientError`` when no server answers.
    public func verify(from seq: Seq = .zero) async throws -> LogVerification {
        let pages = pages(.verify(from: seq)) { body -> [LogVerification]? in
            guard case .verify(let report) = body else { return nil }
            return [
                LogVerification(
                    checked: report.checked, head: report.head, firstBad: report.firstBad,
                    why: report.why)
            ]
        }
        guard let last = try await pages.collect().elements.last else {
            throw Self.unanswered("verify")
        }
        return last
    }

    /// How the server stands, as a compact JSON document in UTF-8: `role`, `logID`, `epoch`,
    /// `seq`, `lagEvents`, `staleSince`, `subscribers` … as `cattail status -o json` prints it.
    ///
    /// - Throws: ``ClientError`` when no server answers.
    public func status() async throws -> [UInt8] {
        try await document(.status, "status")
    }

    func document(_ body: Query.Body, _ what: String) async throws -> [UInt8] {
        let pages = pages(body) { body -> [UInt8]? in
            if case .json(let bytes) = body { bytes } else { nil }
        }
        let document = try await pages.collect().elements
        if document.isEmpty { throw Self.unanswered(what) }
        return document
    }

    func pages<Element>(
        _ body: Query.Body, _ page: @escaping @Sendable (QueryAnswer.Body) -> [Element]?
    ) -> QueryPages<Element> {
        QueryPages(configuration: configuration, body: { body }, page: page)
    }

    private static func unanswered(_ what: String) -> ClientError {
        ClientError(
            told: .protocolBroken, "the server ended its answer to \(what) without one")
    }
}

extension QueryAnswer.Body {
    fileprivate var items: [EncodedItem]? {
        if case .items(let items) = self { items } else { nil }
    }

    var entries: [LogEntry]? {
        guard case .records(let rows) = self else { return nil }
        return rows.map { LogEntry(record: $0.record, chain: $0.chain) }
    }
}
