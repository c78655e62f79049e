internal import CattailClient
internal import EndpointModel

/// A server's answers.
struct ServerArchive: Archive {
    let client: EndpointClient
    /// A node does not start without one.
    let anchor = AnchorStanding.held

    func logID() async throws -> LogID { try await client.logID() }

    func item(_ key: EndpointKey, at point: LogPoint?) async throws -> EncodedItem? {
        try await client.get(key, at: point)
    }

    func items(_ selection: Selection, at point: LogPoint?) async throws
        -> (items: [EncodedItem], seq: Seq)
    {
        let (items, seq) = try await client.list(selection, at: point).collect()
        return (items, seq)
    }

    func events(_ range: EventRange, _ take: ([LogEntry]) throws -> Void) async throws -> Seq {
        let pages = client.log(
            from: range.from, to: range.to, key: range.key, actor: range.actor)
        var iterator = pages.makeAsyncIterator()
        while let page = try await iterator.next() { try take(page) }
        return iterator.answeredSeq ?? .zero
    }

    func orphaned(_ take: ([LogEntry]) throws -> Void) async throws {
        for try await page in client.orphanedLog() { try take(page) }
    }

    func history(_ key: EndpointKey) async throws -> [LogEntry] {
        try await client.history(key).collect().elements
    }

    func differences(from: LogPoint, to: LogPoint, _ take: ([EndpointDifference]) throws -> Void)
        async throws
    {
        for try await page in client.diff(from: from, to: to) { try take(page) }
    }

    func verify(from seq: Seq) async throws -> LogVerification {
        try await client.verify(from: seq)
    }
}
