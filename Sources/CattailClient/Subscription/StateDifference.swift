internal import EndpointModel
internal import EndpointState

/// What leads from one state to another: each endpoint that differs, once.
enum StateDifference {
    /// Both states are walked once, side by side. The result stands in the order of seqs.
    ///
    /// - Parameters:
    ///   - removals: the events that are known to have removed a key.
    ///   - otherwise: the seq of a removal whose event is not known.
    static func changes(
        from old: EndpointSet, to new: EndpointSet, removals: [EndpointKey: Seq],
        otherwiseAt otherwise: Seq
    ) -> [EndpointChange] {
        if old.isEmpty { return inOrderOfSeqs(new.items.map { .put($0) }) }
        var changes: [EndpointChange] = []
        var oldItems = old.items.makeIterator()
        var newItems = new.items.makeIterator()
        var before = oldItems.next()
        var after = newItems.next()
        while before != nil || after != nil {
            let order = order(before, after)
            if order < 0, let item = before {
                let key = item.key
                changes.append(.removal(key, seq: removals[key] ?? otherwise))
            } else if let item = after, order > 0 || item.hash != before?.hash {
                changes.append(.put(item))
            }
            if order <= 0 { before = oldItems.next() }
            if order >= 0 { after = newItems.next() }
        }
        return inOrderOfSeqs(changes)
    }

    /// Sorts numbers, which lie side by side, and not the items that they stand in.
    private static func inOrderOfSeqs(_ changes: [EndpointChange]) -> [EndpointChange] {
        var order = changes.enumerated().map { (seq: $0.element.seq, index: $0.offset) }
        order.sort { $0.seq < $1.seq }
        return order.map { changes[$0.index] }
    }

    /// Which of the two comes next; one that is missing comes last.
    private static func order(_ before: EncodedItem?, _ after: EncodedItem?) -> Int {
        guard let before else { return 1 }
        guard let after else { return -1 }
        return before.compareKey(to: after)
    }
}
