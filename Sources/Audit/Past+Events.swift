package import EndpointModel
internal import EndpointState
package import Projection

/// Which events of the log are asked for; all that is set must hold.
package struct EventFilter: Hashable, Sendable {
    package var key: EndpointKey?
    package var actor: String?

    package init(key: EndpointKey? = nil, actor: String? = nil) {
        self.key = key
        self.actor = actor
    }

    package func matches(_ record: EncodedRecord) throws(ProjectionError) -> Bool {
        if let key {
            guard record.item.kind != .control, record.item.hasKey(key) else { return false }
        }
        guard let actor else { return true }
        do { return try record.audit().actor == actor } catch {
            throw .recordMalformed(seq: record.seq, error)
        }
    }
}

/// Some events of the log, ascending.
package struct EventPage: Sendable {
    package var events: [StoredEvent]
    /// Where to ask on; nil when the range has been gone through. A page may be empty and have
    /// more behind it: a call reads a bounded part of the log, so that it never keeps others
    /// waiting.
    package var next: Seq?
}

/// The bounds of one page of events.
package struct EventPageLimits: Hashable, Sendable {
    package var events = 1_000
    /// Of the records given back, unless the first alone has more.
    package var bytes = 4 << 20
    /// Events read, matching or not: about 50 ms.
    package var eventsRead = 10_000

    package init() {}
}

extension Past {
    /// The events from `first` to `last` that the filter lets through, as many as one page holds.
    package func events(
        matching filter: EventFilter = EventFilter(), from first: Seq, through last: Seq? = nil,
        limits: EventPageLimits = EventPageLimits()
    ) throws(ProjectionError) -> EventPage {
        var page = EventPage(events: [], next: nil)
        let end = min(last ?? head, head)
        var scan = EventScan(events, from: first, through: end)
        var bytes = 0
        var read = 0
        while let event = try scan.nextEvent() {
            read += 1
            if try filter.matches(event.record) {
                bytes += event.record.byteCount
                guard bytes <= limits.bytes || page.events.isEmpty else {
                    page.next = event.seq
                    return page
                }
                page.events.append(event)
            }
            if page.events.count >= limits.events || read >= limits.eventsRead {
                page.next = event.seq < end ? event.seq.next : nil
                return page
            }
        }
        return page
    }
}
