package import EndpointModel
package import Projection

/// One endpoint that two points of the past differ in. Never nil at both ends.
package struct EndpointDifference: Sendable {
    package var key: EndpointKey
    /// The endpoint at the first point; nil when it did not live then.
    package var before: EncodedItem?
    /// The endpoint at the second point; nil when it did not live then.
    package var after: EncodedItem?

    /// The fields that differ. Empty when the endpoint was changed and changed back, or written
    /// anew under another uid.
    package func fields() throws(ProjectionError) -> [FieldChange] {
        let old = try before.flatMap { item throws(ProjectionError) in try item.liveEndpoint() }
        let new = try after.flatMap { item throws(ProjectionError) in try item.liveEndpoint() }
        return FieldChange.between(old, new)
    }
}

extension Past {
    /// What differs between the state after `from` and the state after `to`, in key order, each
    /// endpoint once; one that came and went in between does not appear. The points may stand in
    /// either order. Reads the events between them and one more for each key. (G14)
    package func difference(from: Seq, to: Seq) throws(ProjectionError) -> [EndpointDifference] {
        try check(max(from, to))
        try checkKnown(max(from, to))
        var result: [EndpointDifference] = []
        for (first, last) in try touched(after: min(from, to), through: max(from, to)) {
            let before = try version(at: first.previousSeq)
            let after = last.kind == .put ? last : nil
            guard before != nil || after != nil else { continue }
            result.append(
                from <= to
                    ? EndpointDifference(key: last.key, before: before, after: after)
                    : EndpointDifference(key: last.key, before: after, after: before))
        }
        return result
    }

    /// The put at `seq`; nil for a delete and for 0.
    private func version(at seq: Seq) throws(ProjectionError) -> EncodedItem? {
        guard seq > .zero else { return nil }
        let item = try events.event(at: seq).item
        return item.kind == .put ? item : nil
    }
}
