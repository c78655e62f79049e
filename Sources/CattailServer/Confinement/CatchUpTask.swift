internal import EndpointModel
internal import Feeds
internal import LogStore

/// One subscriber's pager, handed to a reader's thread and back.
///
/// Proof of `@unchecked Sendable`: the hub has at most one page of a subscriber underway, so one
/// thread at a time is inside; the hop that starts it and the hop that brings its page order
/// them.
final class CatchUpTask: @unchecked Sendable {
    private var pager: CatchUpPager
    private let bytesPerRead: Int

    init(_ request: CatchUpRequest, limits: FeedLimits) {
        pager = CatchUpPager(request, limits: limits)
        bytesPerRead = limits.frameBytes
    }

    func nextPage(_ reader: LogReader) throws -> CatchUpPage {
        try pager.nextPage(LogEvents(reader: reader, bytesPerRead: bytesPerRead))
    }
}

/// The log as a catch-up reads it.
private struct LogEvents: EventSource {
    let reader: LogReader
    let bytesPerRead: Int

    /// No read transaction outlives so many rows.
    private static let rowsPerRead: UInt64 = 1_000

    func events(from first: Seq, through last: Seq) throws -> [SourcedEvent] {
        guard first <= last else { throw missing(first) }
        let left = last.rawValue - first.rawValue
        let limit = Int(clamping: min(left, Self.rowsPerRead - 1) + 1)
        let rows = try reader.rows(from: first, limit: limit, maxBytes: bytesPerRead)
        guard !rows.isEmpty else { throw missing(first) }
        return try rows.map { row in SourcedEvent(record: try record(of: row), chain: row.chain) }
    }

    func item(at seq: Seq) throws -> EncodedItem {
        guard let row = try reader.row(at: seq) else { throw missing(seq) }
        return try record(of: row).item
    }

    private func record(of row: LogRow) throws(LogError) -> EncodedRecord {
        do { return try EncodedRecord(validating: row.record) } catch {
            throw .damaged(path: reader.path, firstBad: row.seq, reason: error.description)
        }
    }

    private func missing(_ seq: Seq) -> LogError {
        .damaged(path: reader.path, firstBad: seq, reason: "the event is missing")
    }
}
