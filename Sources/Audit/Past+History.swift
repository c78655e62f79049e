package import EndpointModel
package import Projection

/// One version of an endpoint, and what it changed.
package struct EndpointVersion: Sendable {
    package enum Change: String, Hashable, Sendable {
        case created
        case updated
        case deleted
    }

    /// The event that made the version, with its audit part: who, when, from where.
    package var event: StoredEvent
    package var change: Change
    /// Against the version before; of a creation all fields, of a deletion all that went.
    package var fields: [FieldChange]
}

/// Some of an endpoint's versions, newest first.
package struct HistoryPage: Sendable {
    package var versions: [EndpointVersion]
    /// Where to ask on for older ones; nil when there are none.
    package var next: Seq?
}

extension Past {
    /// The versions of `key` with a seq of at most `last`, newest first, at most `limit` of them.
    /// Follows the previous seqs, so it costs a read per version whatever the log's length
    /// (finding the first of them without a view costs a search). Empty when the key was never
    /// seen. (G14)
    package func history(of key: EndpointKey, upTo last: Seq? = nil, limit: Int = 100)
        throws(ProjectionError) -> HistoryPage
    {
        var page = HistoryPage(versions: [], next: nil)
        guard let newest = try version(of: key, atOrBefore: last ?? head) else { return page }
        var event = try events.event(at: newest.seq)
        while true {
            let previous = event.item.previousSeq
            let older = previous > .zero ? try events.event(at: previous) : nil
            page.versions.append(try version(event, after: older))
            guard let older else { return page }
            guard page.versions.count < limit else {
                page.next = older.seq
                return page
            }
            event = older
        }
    }

    private func version(_ event: StoredEvent, after older: StoredEvent?)
        throws(ProjectionError) -> EndpointVersion
    {
        let before = try older.flatMap { older throws(ProjectionError) in
            try older.item.liveEndpoint()
        }
        let after = try event.item.liveEndpoint()
        let change: EndpointVersion.Change =
            after == nil ? .deleted : before == nil ? .created : .updated
        return EndpointVersion(
            event: event, change: change, fields: FieldChange.between(before, after))
    }
}

extension EncodedItem {
    /// The endpoint of a put; nil for a delete.
    func liveEndpoint() throws(ProjectionError) -> WorkloadEndpoint? {
        guard kind == .put else { return nil }
        do { return try endpoint() } catch { throw .recordMalformed(seq: seq, error) }
    }
}
