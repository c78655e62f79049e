package import EndpointModel

/// The items of a set of endpoints by their keys, in no order: a lookup costs one hash and mostly
/// one comparison, where `OrderedItems` takes some seventeen comparisons among 100,000 keys.
///
/// It is what a committer needs, which asks for single keys and pins nothing: a copy of this
/// structure is a value like any other, but the first change of it copies a shard.
///
/// Open addressing with linear probing. Shards keep a growing table from ever being rehashed whole
/// in the middle of a commit. Hashes are seeded for each process, so nobody can choose keys that
/// collide (G12). About 20 bytes an endpoint beside the item itself.
package struct KeyTable: Sendable {
    private var shards: [Shard]
    private let shardBits: Int

    /// - Parameters:
    ///   - shardBits: 2 to that power is the number of shards; none for what stays small.
    ///   - count: Items that will come to each shard.
    package init(shardBits: Int = 8, reserving count: Int = 0) {
        self.shardBits = shardBits
        shards = (0..<1 << shardBits).map { _ in Shard(reserving: count) }
    }

    package init(_ items: OrderedItems) {
        self.init()
        for item in items { _ = put(item) }
    }

    package var count: Int { shards.reduce(0) { $0 + $1.count } }

    /// All of them, in no order.
    package var items: [EncodedItem] { shards.flatMap { $0.items.compactMap(\.self) } }

    package func item(forKey key: EndpointKey) -> EncodedItem? {
        item(forKey: key, hash: KeyHash(key))
    }

    /// - Parameter hash: Of the key, made where there was time.
    package func item(forKey key: EndpointKey, hash: KeyHash) -> EncodedItem? {
        key.withBytes { namespace, name in
            shards[shard(hash.value)].item(hash.value, namespace, name)
        }
    }

    /// Puts the item under its key; gives back the one that stood there.
    package mutating func put(_ item: EncodedItem) -> EncodedItem? {
        put(item, hash: KeyHash(keyOf: item))
    }

    /// - Parameter hash: Of the item's key.
    package mutating func put(_ item: EncodedItem, hash: KeyHash) -> EncodedItem? {
        item.withKeyBytes { namespace, name in
            shards[shard(hash.value)].put(item, hash.value, namespace, name)
        }
    }

    /// Removes the item that has the same key as `other`, such as a delete.
    package mutating func remove(keyOf other: EncodedItem) -> EncodedItem? {
        other.withKeyBytes { namespace, name in
            let hash = KeyHash(namespace, name).value
            return shards[shard(hash)].remove(hash, namespace, name)
        }
    }

    private func shard(_ hash: UInt64) -> Int { Int(hash >> UInt64(64 - shardBits)) }
}

/// The hash of an endpoint's key in this process. Whoever has time makes it, so that a committer
/// need not.
package struct KeyHash: Hashable, Sendable {
    fileprivate let value: UInt64

    package init(_ key: EndpointKey) { self = key.withBytes { KeyHash($0, $1) } }

    package init(keyOf item: EncodedItem) { self = item.withKeyBytes { KeyHash($0, $1) } }

    fileprivate init(_ namespace: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        hasher.combine(bytes: namespace)
        // A byte that neither part holds keeps ("a", "bc") and ("ab", "c") apart.
        hasher.combine(UInt8(0))
        hasher.combine(bytes: name)
        value = UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

/// One part of the table; its size is a power of two, and at most two of three slots are taken.
private struct Shard: Sendable {
    private(set) var items: [EncodedItem?] = []
    /// Of each slot, the low half of its key's hash: most strangers are told by it alone.
    private var tags: [UInt32] = []
    private(set) var count = 0

    private static let firstSize = 8

    init(reserving count: Int) {
        guard count > 0 else { return }
        var size = Self.firstSize
        while size * 2 < count * 3 { size *= 2 }
        resize(size)
    }

    func item(
        _ hash: UInt64, _ namespace: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer
    ) -> EncodedItem? {
        items.isEmpty ? nil : items[slot(hash, namespace, name)]
    }

    mutating func put(
        _ item: EncodedItem, _ hash: UInt64, _ namespace: UnsafeRawBufferPointer,
        _ name: UnsafeRawBufferPointer
    ) -> EncodedItem? {
        if (count + 1) * 3 > items.count * 2 { grow() }
        let slot = slot(hash, namespace, name)
        let old = items[slot]
        items[slot] = item
        tags[slot] = UInt32(truncatingIfNeeded: hash)
        if old == nil { count += 1 }
        return old
    }

    /// What stands behind the gap moves up, as far as its own place allows: no slot is marked as
    /// dead, so a table in which keys come and go stays as fast as a new one.
    mutating func remove(
        _ hash: UInt64, _ namespace: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer
    ) -> EncodedItem? {
        guard !items.isEmpty else { return nil }
        var gap = slot(hash, namespace, name)
        guard let old = items[gap] else { return nil }
        count -= 1
        var next = gap
        while true {
            next = (next + 1) & mask
            guard items[next] != nil else { break }
            let home = Int(tags[next]) & mask
            // Whether the gap lies between its home and where it stands.
            guard (next &- home) & mask >= (next &- gap) & mask else { continue }
            items[gap] = items[next]
            tags[gap] = tags[next]
            gap = next
        }
        items[gap] = nil
        return old
    }

    private var mask: Int { items.count - 1 }

    /// Where the key stands, or would. There is always a free slot.
    private func slot(
        _ hash: UInt64, _ namespace: UnsafeRawBufferPointer, _ name: UnsafeRawBufferPointer
    ) -> Int {
        let tag = UInt32(truncatingIfNeeded: hash)
        let mask = mask
        var slot = Int(tag) & mask
        return items.withUnsafeBufferPointer { items in
            guard let start = items.baseAddress else { preconditionFailure("an empty shard") }
            while let item = HeldItem(at: start + slot) {
                if tags[slot] == tag, item.compareKey(namespace: namespace, name: name) == 0 {
                    break
                }
                slot = (slot + 1) & mask
            }
            return slot
        }
    }

    private mutating func resize(_ size: Int) {
        items = Array(repeating: nil, count: size)
        tags = Array(repeating: 0, count: size)
    }

    private mutating func grow() {
        let (oldItems, oldTags) = (items, tags)
        resize(max(Self.firstSize, oldItems.count * 2))
        for (item, tag) in zip(oldItems, oldTags) where item != nil {
            var slot = Int(tag) & mask
            while items[slot] != nil { slot = (slot + 1) & mask }
            items[slot] = item
            tags[slot] = tag
        }
    }
}
