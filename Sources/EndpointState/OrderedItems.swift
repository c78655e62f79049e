package import EndpointModel

/// The items of a set of endpoints, one for each key, in the order of their keys (namespace,
/// then name, by bytes).
///
/// The items stand in a store by slots, and their order is kept apart, in two levels of arrays:
/// runs of at most `runLimit` slots, each ascending, and the array of the runs. So a change of an
/// endpoint that is there leaves the order alone, and whoever remembers its slot needs no search.
///
/// Arrays are values that share their storage until one of them changes, so **a copy of this
/// structure is a pinned version**: it costs three retains, and later changes of either side copy
/// only the parts that they touch. That is why no node classes and no locks stand here, and why
/// it is Sendable by its parts alone.
///
/// Cost per endpoint beside the item itself: 14 bytes in the store, 4 in its run and the slack of
/// both. A hash index would cost some 10 bytes more (docs/decisions/0008-slots.md).
package struct OrderedItems: Sendable {
    /// Names the place of one item for as long as an item of its key is held.
    package typealias Slot = UInt32

    /// Long enough that the outer array stays small (10,000 runs for a million endpoints),
    /// short enough that an insertion moves at most 512 bytes.
    static let runLimit = 128
    /// A run this short is joined with a neighbour that has room, so that deletions leave no
    /// dust.
    static let joinLimit = 32

    private var store = ItemStore()
    private var runs: [[Slot]] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var first: EncodedItem? { runs.first?.first.map { store[$0] } }
    package var last: EncodedItem? { runs.last?.last.map { store[$0] } }

    // MARK: Looking up

    package func item(forKey key: EndpointKey) -> EncodedItem? {
        key.withBytes { item(namespace: $0, name: $1) }
    }

    package func item(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer)
        -> EncodedItem?
    {
        item(at: place(namespace: namespace, name: name))
    }

    /// The item that has the same key as `other`.
    package func item(withKeyOf other: EncodedItem) -> EncodedItem? { item(at: place(of: other)) }

    // MARK: Changing

    /// Puts the item in the place of its key; gives back the one that stood there.
    package mutating func put(_ item: EncodedItem) -> EncodedItem? {
        put(item, at: place(of: item))
    }

    /// Adds an item whose key lies behind all others: the way in for rows that are sorted
    /// already. Says where it stands; nil, and no change, when its key does not.
    package mutating func append(_ item: EncodedItem) -> Slot? {
        if let last, last.compareKey(to: item) >= 0 { return nil }
        let end = Place(
            run: Swift.max(0, runs.count - 1), index: runs.last?.count ?? 0)
        return putting(item, at: end).slot
    }

    package mutating func remove(_ key: EndpointKey) -> EncodedItem? {
        let place = key.withBytes { self.place(namespace: $0, name: $1) }
        return remove(at: place)
    }

    /// Removes the item that has the same key as `other`, such as a delete.
    package mutating func remove(keyOf other: EncodedItem) -> EncodedItem? {
        remove(at: place(of: other))
    }

    // MARK: Places

    /// Where a key stands, or would: valid until the next change.
    struct Place {
        var run: Int
        var index: Int
        /// Of the item that stands there; nil when there is none of the key.
        var slot: Slot?
    }

    func place(of item: EncodedItem) -> Place {
        item.withKeyBytes { place(namespace: $0, name: $1) }
    }

    func item(at place: Place) -> EncodedItem? { place.slot.map { store[$0] } }

    mutating func put(_ item: EncodedItem, at place: Place) -> EncodedItem? {
        putting(item, at: place).old
    }

    /// As `put`; says also where the item stands now.
    mutating func putting(_ item: EncodedItem, at place: Place) -> (old: EncodedItem?, slot: Slot) {
        if let slot = place.slot { return (store.replace(slot, by: item), slot) }
        let slot = store.add(item)
        insert(slot, at: place)
        return (nil, slot)
    }

    mutating func remove(at place: Place) -> EncodedItem? {
        guard let slot = place.slot else { return nil }
        runs[place.run].remove(at: place.index)
        count -= 1
        if runs[place.run].count < Self.joinLimit { join(place.run) }
        return store.free(slot)
    }

    // MARK: Slots

    /// Ascending by their items' keys.
    func forEachSlot(_ body: (Slot) -> Void) {
        for run in runs { run.forEach(body) }
    }

    /// The item at a slot that is in use.
    package func item(at slot: Slot) -> EncodedItem { store[slot] }

    /// Puts an item in the place of the one at a slot in use, which has the same key; gives that
    /// back.
    mutating func replace(_ slot: Slot, by item: EncodedItem) -> EncodedItem {
        store.replace(slot, by: item)
    }

    /// Two binary searches: for the last run that begins at or before the key, then in it.
    func place(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer) -> Place {
        func order(_ slot: Slot) -> Int {
            store.withHeld(slot) { $0.compareKey(namespace: namespace, name: name) }
        }
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if order(runs[middle][0]) <= 0 { low = middle + 1 } else { high = middle }
        }
        let run = Swift.max(0, low - 1)
        guard run < runs.count else { return Place(run: 0, index: 0) }
        low = 0
        high = runs[run].count
        while low < high {
            let middle = (low + high) / 2
            let slot = runs[run][middle]
            let found = order(slot)
            if found == 0 { return Place(run: run, index: middle, slot: slot) }
            if found < 0 { low = middle + 1 } else { high = middle }
        }
        return Place(run: run, index: low)
    }

    private mutating func insert(_ slot: Slot, at place: Place) {
        count += 1
        guard place.run < runs.count else { return runs.append([slot]) }
        guard runs[place.run].count >= Self.runLimit else {
            return runs[place.run].insert(slot, at: place.index)
        }
        // Behind the very last item a new run begins, so that ascending input fills its runs.
        if place.run == runs.count - 1, place.index == Self.runLimit { return runs.append([slot]) }
        let half = Self.runLimit / 2
        runs.insert(Array(runs[place.run][half...]), at: place.run + 1)
        runs[place.run].removeSubrange(half...)
        if place.index <= half {
            runs[place.run].insert(slot, at: place.index)
        } else {
            runs[place.run + 1].insert(slot, at: place.index - half)
        }
    }

    /// Takes a short run into the one before or behind it when both together stay well below
    /// the limit; an empty one goes anyway.
    private mutating func join(_ run: Int) {
        if runs[run].isEmpty {
            runs.remove(at: run)
        } else if run > 0, hasRoom(run - 1, run) {
            runs[run - 1] += runs.remove(at: run)
        } else if run + 1 < runs.count, hasRoom(run, run + 1) {
            runs[run] += runs.remove(at: run + 1)
        }
    }

    private func hasRoom(_ left: Int, _ right: Int) -> Bool {
        runs[left].count + runs[right].count <= Self.runLimit * 3 / 4
    }
}

// MARK: Going through

extension OrderedItems: Sequence {
    /// Goes through the version that stood when it was made, whatever happens to the original.
    package struct Iterator: IteratorProtocol {
        private let store: ItemStore
        private let runs: [[Slot]]
        private var run: Int
        private var index: Int

        fileprivate init(_ items: OrderedItems, from place: Place) {
            store = items.store
            runs = items.runs
            run = place.run
            index = place.index
        }

        package mutating func next() -> EncodedItem? {
            while run < runs.count {
                if index < runs[run].count {
                    index += 1
                    return store[runs[run][index - 1]]
                }
                run += 1
                index = 0
            }
            return nil
        }
    }

    package func makeIterator() -> Iterator {
        Iterator(self, from: Place(run: 0, index: 0))
    }

    package var underestimatedCount: Int { count }

    /// The items behind `key`, ascending; all of them without a key. The key itself need not be
    /// there: a cursor outlives the endpoint that it names.
    package func items(after key: EndpointKey?) -> Iterator {
        guard let key else { return makeIterator() }
        var place = key.withBytes { self.place(namespace: $0, name: $1) }
        if place.slot != nil { place.index += 1 }
        return Iterator(self, from: place)
    }

    /// At most `limit` items behind `key`, ascending.
    package func items(after key: EndpointKey?, limit: Int) -> [EncodedItem] {
        var iterator = items(after: key)
        var result: [EncodedItem] = []
        while result.count < limit, let item = iterator.next() { result.append(item) }
        return result
    }
}

extension EndpointKey {
    /// Calls `body` with the UTF-8 of namespace and name.
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        var namespace = namespace
        var name = name
        return namespace.withUTF8 { left in
            name.withUTF8 { body(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer($0)) }
        }
    }
}

extension EncodedItem {
    /// Whether the item's key is this one, byte for byte. (`EndpointKey` holds Swift strings,
    /// and two strings of different bytes may be equal.)
    package func hasKey(_ key: EndpointKey) -> Bool {
        key.withBytes { compareKey(namespace: $0, name: $1) == 0 }
    }
}
