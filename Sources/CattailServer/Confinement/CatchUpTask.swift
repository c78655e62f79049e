internal import EndpointModel
internal import Feeds
internal import LogStore
internal import NIOConcurrencyHelpers

/// One subscriber's pager, handed to a reader's thread and back.
///
/// Proof of `@unchecked Sendable`: the hub has at most one page of a subscriber underway, so one
/// thread at a time is inside; the hop that starts it and the hop that brings its page order
/// them.
final class CatchUpTask: @unchecked Sendable {
    private var pager: CatchUpPager
    private let recent: NIOLockedValueBox<RecentEvents>
    private let bytesPerRead: Int

    init(
        _ request: CatchUpRequest, limits: FeedLimits, recent: NIOLockedValueBox<RecentEvents>
    ) {
        pager = CatchUpPager(request, limits: limits)
        self.recent = recent
        bytesPerRead = limits.frameBytes
    }

    func nextPage(_ reader: LogReader) throws -> CatchUpPage {
        try pager.nextPage(
            LogEvents(reader: reader, recent: recent, bytesPerRead: bytesPerRead))
    }
}

/// The log as a catch-up reads it.
private struct LogEvents: EventSource {
    let reader: LogReader
    let recent: NIOLockedValueBox<RecentEvents>
    let bytesPerRead: Int

    /// No read transaction outlives so many rows.
    private static let rowsPerRead: UInt64 = 1_000

    func events(from first: Seq, through last: Seq) throws -> [SourcedEvent] {
        guard first <= last else { throw missing(first) }
        let left = last.rawValue - first.rawValue
        let limit = Int(clamping: min(left, Self.rowsPerRead - 1) + 1)
        let known = recent.withLockedValue { $0.run(from: first, through: last, limit: limit) }
        guard known.isEmpty else { return known }
        let rows = try reader.rows(from: first, limit: limit, maxBytes: bytesPerRead)
        guard !rows.isEmpty else { throw missing(first) }
        let events = try rows.map(event)
        recent.withLockedValue { $0.keep(events) }
        return events
    }

    func item(at seq: Seq) throws -> EncodedItem {
        if let known = recent.withLockedValue({ $0.event(at: seq) }) { return known.record.item }
        guard let row = try reader.row(at: seq) else { throw missing(seq) }
        let event = try event(row)
        recent.withLockedValue { $0.keep([event]) }
        return event.record.item
    }

    func itemAtHand(_ seq: Seq) -> EncodedItem? {
        recent.withLockedValue { $0.event(at: seq)?.record.item }
    }

    private func event(_ row: LogRow) throws(LogError) -> SourcedEvent {
        do {
            return SourcedEvent(
                record: try EncodedRecord(validating: row.record), chain: row.chain)
        } catch {
            throw .damaged(path: reader.path, firstBad: row.seq, reason: error.description)
        }
    }

    private func missing(_ seq: Seq) -> LogError {
        .damaged(path: reader.path, firstBad: seq, reason: "the event is missing")
    }
}
