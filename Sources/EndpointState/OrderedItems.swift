package import EndpointModel

/// The items of a set of endpoints, one for each key, in the order of their keys (namespace,
/// then name, by bytes).
///
/// Two levels of arrays: runs of at most `runLimit` items, each ascending, and the array of the
/// runs. Arrays are values that share their storage until one of them changes, so **a copy of
/// this structure is a pinned version**: it costs one retain, and later changes of either side
/// copy the outer array once and then only the runs that they touch. That is why no node
/// classes and no locks stand here, and why it is Sendable by its parts alone.
///
/// Cost per endpoint beside the item itself: 8 bytes and the slack of its run, 12–20 in all by
/// arithmetic. A hash index would cost some 30 bytes more, and folding does not need it: an update
/// among 100,000 keys takes 1.6 µs with both searches.
package struct OrderedItems: Sendable {
    /// Long enough that the outer array stays small (10,000 runs for a million endpoints),
    /// short enough that an insertion moves at most 1 KiB.
    static let runLimit = 128
    /// A run this short is joined with a neighbour that has room, so that deletions leave no
    /// dust.
    static let joinLimit = 32

    private var runs: [[EncodedItem]] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }
    package var first: EncodedItem? { runs.first?.first }
    package var last: EncodedItem? { runs.last?.last }

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
    /// already. False, and no change, when it does not.
    package mutating func append(_ item: EncodedItem) -> Bool {
        if let last, last.compareKey(to: item) >= 0 { return false }
        let end = Place(
            run: Swift.max(0, runs.count - 1), index: runs.last?.count ?? 0, isFound: false)
        _ = put(item, at: end)
        return true
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
        var isFound: Bool
    }

    func place(of item: EncodedItem) -> Place {
        search { $0.compareKey(to: item) }
    }

    func place(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer) -> Place {
        search { $0.compareKey(namespace: namespace, name: name) }
    }

    func item(at place: Place) -> EncodedItem? {
        place.isFound ? runs[place.run][place.index] : nil
    }

    mutating func put(_ item: EncodedItem, at place: Place) -> EncodedItem? {
        if place.isFound {
            let old = runs[place.run][place.index]
            runs[place.run][place.index] = item
            return old
        }
        insert(item, at: place)
        return nil
    }

    mutating func remove(at place: Place) -> EncodedItem? {
        guard place.isFound else { return nil }
        let old = runs[place.run].remove(at: place.index)
        count -= 1
        if runs[place.run].count < Self.joinLimit { join(place.run) }
        return old
    }

    /// Two binary searches: for the last run that begins at or before the key, then in it.
    /// `order` tells how an item's key stands to the key that is looked for.
    @inline(__always)
    private func search(_ order: (EncodedItem) -> Int) -> Place {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if order(runs[middle][0]) <= 0 { low = middle + 1 } else { high = middle }
        }
        let run = Swift.max(0, low - 1)
        guard run < runs.count else { return Place(run: 0, index: 0, isFound: false) }
        low = 0
        high = runs[run].count
        while low < high {
            let middle = (low + high) / 2
            let found = order(runs[run][middle])
            if found == 0 { return Place(run: run, index: middle, isFound: true) }
            if found < 0 { low = middle + 1 } else { high = middle }
        }
        return Place(run: run, index: low, isFound: false)
    }

    private mutating func insert(_ item: EncodedItem, at place: Place) {
        count += 1
        guard place.run < runs.count else { return runs.append([item]) }
        guard runs[place.run].count >= Self.runLimit else {
            return runs[place.run].insert(item, at: place.index)
        }
        // Behind the very last item a new run begins, so that ascending input fills its runs.
        if place.run == runs.count - 1, place.index == Self.runLimit { return runs.append([item]) }
        let half = Self.runLimit / 2
        runs.insert(Array(runs[place.run][half...]), at: place.run + 1)
        runs[place.run].removeSubrange(half...)
        if place.index <= half {
            runs[place.run].insert(item, at: place.index)
        } else {
            runs[place.run + 1].insert(item, at: place.index - half)
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
        private let runs: [[EncodedItem]]
        private var run: Int
        private var index: Int

        fileprivate init(runs: [[EncodedItem]], from place: Place) {
            self.runs = runs
            run = place.run
            index = place.index
        }

        package mutating func next() -> EncodedItem? {
            while run < runs.count {
                if index < runs[run].count {
                    index += 1
                    return runs[run][index - 1]
                }
                run += 1
                index = 0
            }
            return nil
        }
    }

    package func makeIterator() -> Iterator {
        Iterator(runs: runs, from: Place(run: 0, index: 0, isFound: false))
    }

    package var underestimatedCount: Int { count }

    /// The items behind `key`, ascending; all of them without a key. The key itself need not be
    /// there: a cursor outlives the endpoint that it names.
    package func items(after key: EndpointKey?) -> Iterator {
        guard let key else { return makeIterator() }
        var place = key.withBytes { self.place(namespace: $0, name: $1) }
        if place.isFound { place.index += 1 }
        return Iterator(runs: runs, from: place)
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
