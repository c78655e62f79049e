public import EndpointModel

/// The endpoints of a selection (or all of them) as of a seq, with the digest that proves them.
///
/// A copy is a pinned version that costs nothing until one side changes. This is what an edge
/// holds: a snapshot brings items in key order, a net change in any order of seqs, so nothing
/// here judges an item against the one before. `EndpointView` does, where events come one by
/// one.
public struct EndpointSet: Sendable {
    package private(set) var items = OrderedItems()
    /// The sum of the hashes of all items held, kept with every change (G6).
    public private(set) var digest = StateDigest.empty
    /// Up to where the state is complete.
    public private(set) var seq = Seq.zero

    public init() {}

    public var count: Int { items.count }
    public var isEmpty: Bool { items.isEmpty }

    public func item(forKey key: EndpointKey) -> EncodedItem? { items.item(forKey: key) }

    /// At most `limit` items behind `key` in the order of keys; from the first without a key.
    public func items(after key: EndpointKey?, limit: Int) -> [EncodedItem] {
        items.items(after: key, limit: limit)
    }

    /// Takes up a put; gives back what it replaces.
    @discardableResult
    public mutating func put(_ item: EncodedItem) -> EncodedItem? {
        precondition(item.kind == .put, "only a put can be held; seq \(item.seq)")
        return put(item, at: items.place(of: item))
    }

    /// Takes the endpoint out; gives it back, or nil when the key is not held, which is legal:
    /// a net change may remove what was never there.
    @discardableResult
    public mutating func remove(_ key: EndpointKey) -> EncodedItem? {
        let old = items.remove(key)
        if let old { digest.subtract(old.hash) }
        return old
    }

    /// Takes out the endpoint that a delete names.
    @discardableResult
    public mutating func remove(keyOf item: EncodedItem) -> EncodedItem? {
        remove(at: items.place(of: item))
    }

    /// Says up to where the state is now complete: a mark.
    public mutating func advance(to seq: Seq) { self.seq = seq }

    /// Takes up a put whose key lies behind all others, and says where it stands for as long as
    /// its key is held; nil, and no change, when it is no such put.
    package mutating func append(_ item: EncodedItem) -> OrderedItems.Slot? {
        guard item.kind == .put, let slot = items.append(item) else { return nil }
        digest.add(item.hash)
        return slot
    }

    // MARK: Slots

    /// The item at a slot that is in use.
    package func item(at slot: OrderedItems.Slot) -> EncodedItem { items.item(at: slot) }

    /// Takes up a put unless what is held under its key is as new; gives back what it replaces,
    /// and where it stands for as long as its key is held. Nil when it is not taken.
    package mutating func putNewer(_ item: EncodedItem) -> (
        old: EncodedItem?, slot: OrderedItems.Slot
    )? {
        precondition(item.kind == .put, "only a put can be held; seq \(item.seq)")
        let place = items.place(of: item)
        if let held = items.item(at: place), held.seq >= item.seq { return nil }
        let result = items.putting(item, at: place)
        if let old = result.old { digest.subtract(old.hash) }
        digest.add(item.hash)
        return result
    }

    /// Takes up a put of the same key in place of the item at a slot in use, without a search;
    /// gives back what it replaces.
    package mutating func replace(_ slot: OrderedItems.Slot, by item: EncodedItem) -> EncodedItem {
        precondition(item.kind == .put, "only a put can be held; seq \(item.seq)")
        let old = items.replace(slot, by: item)
        digest.subtract(old.hash)
        digest.add(item.hash)
        return old
    }

    mutating func put(_ item: EncodedItem, at place: OrderedItems.Place) -> EncodedItem? {
        let old = items.put(item, at: place)
        if let old { digest.subtract(old.hash) }
        digest.add(item.hash)
        return old
    }

    mutating func remove(at place: OrderedItems.Place) -> EncodedItem? {
        let old = items.remove(at: place)
        if let old { digest.subtract(old.hash) }
        return old
    }

    /// The digest computed from the items alone: what `digest` must equal (G5).
    package func recomputedDigest() -> StateDigest {
        var sum = StateDigest.empty
        for item in items { sum.add(item.hash) }
        return sum
    }
}
