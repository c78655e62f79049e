internal import DequeModule
package import EndpointModel

/// Events that a catch-up has read and checked, for those who want the same ones next: after a
/// restart thousands of subscribers need one stretch of the log, and each would read, hash and
/// scan it for itself. What is in the log never changes (G3), so nothing here can be out of date.
package struct RecentEvents: Sendable {
    private var events: [Seq: SourcedEvent] = [:]
    /// In the order in which they came: the oldest go first.
    private var order: Deque<Seq> = []
    private let byteLimit: Int
    /// What is held, never more than the limit.
    package private(set) var byteCount = 0

    /// What an event takes beside its bytes: objects, and its place in both collections.
    private static let overheadBytes = 512

    package init(byteLimit: Int) { self.byteLimit = byteLimit }

    package func event(at seq: Seq) -> SourcedEvent? { events[seq] }

    /// The events from `first` on that are here without a gap: none behind `last`, and at most
    /// `limit`.
    package func run(from first: Seq, through last: Seq, limit: Int) -> [SourcedEvent] {
        var run: [SourcedEvent] = []
        var next = first
        while next <= last, run.count < limit, let event = events[next] {
            run.append(event)
            next = next.next
        }
        return run
    }

    package mutating func keep(_ more: [SourcedEvent]) {
        for event in more where events[event.record.seq] == nil {
            events[event.record.seq] = event
            order.append(event.record.seq)
            byteCount += Self.byteCount(event)
        }
        while byteCount > byteLimit, let oldest = order.popFirst() {
            if let gone = events.removeValue(forKey: oldest) { byteCount -= Self.byteCount(gone) }
        }
    }

    /// Nobody catches up any more.
    package mutating func forget() { self = RecentEvents(byteLimit: byteLimit) }

    private static func byteCount(_ event: SourcedEvent) -> Int {
        event.record.item.byteCount + event.record.auditBytes.count + overheadBytes
    }
}
