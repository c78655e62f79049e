package import EndpointModel

/// The fold of a log as a committer asks for it: what stands under a key, and nothing in order.
/// It is held to the same rules as `EndpointView`, and folds the same events.
package struct KeyedView: Sendable {
    private var live: KeyTable
    private var tombstones: Tombstones
    package private(set) var seq: Seq

    package init(_ view: EndpointView) {
        live = KeyTable(view.items)
        tombstones = view.tombstones
        seq = view.seq
    }

    package enum Standing {
        case live(EncodedItem)
        /// The seq of the delete; 0 when the key was never seen.
        case gone(last: Seq)
    }

    package var count: Int { live.count }

    package func item(forKey key: EndpointKey) -> EncodedItem? { live.item(forKey: key) }

    /// - Parameter hash: Of the key.
    package func standing(of key: EndpointKey, hash: KeyHash) -> Standing {
        if let item = live.item(forKey: key, hash: hash) { return .live(item) }
        if tombstones.isEmpty { return .gone(last: .zero) }
        return .gone(last: tombstones[KeyFingerprint(key)] ?? .zero)
    }

    /// Takes up the next event, or refuses it and stays as it is.
    ///
    /// - Parameter hash: Of its key, where it is at hand.
    package mutating func fold(_ item: EncodedItem, hash: KeyHash? = nil) throws(FoldError)
        -> EndpointView.Change
    {
        guard item.seq == seq.next else {
            throw .seqUnexpected(found: item.seq, expected: seq.next)
        }
        var previous: EncodedItem?
        switch item.kind {
        case .put: previous = try foldPut(item, hash ?? KeyHash(keyOf: item))
        case .delete: previous = try foldDelete(item)
        case .control: break
        }
        seq = item.seq
        return EndpointView.Change(item: item, previous: previous)
    }

    private mutating func foldPut(_ item: EncodedItem, _ hash: KeyHash) throws(FoldError)
        -> EncodedItem?
    {
        let previous = live.put(item, hash: hash)
        do {
            if let previous {
                try item.checkFollows(live: previous)
            } else {
                try tombstones.revive(item)
            }
        } catch {
            if let previous { _ = live.put(previous) } else { _ = live.remove(keyOf: item) }
            throw error
        }
        return previous
    }

    private mutating func foldDelete(_ item: EncodedItem) throws(FoldError) -> EncodedItem? {
        guard let previous = live.remove(keyOf: item) else {
            throw .deleteOfNothing(seq: item.seq, key: item.key)
        }
        do { try item.checkFollows(live: previous) } catch {
            _ = live.put(previous)
            throw error
        }
        tombstones[KeyFingerprint(keyOf: item)] = item.seq
        return previous
    }
}
