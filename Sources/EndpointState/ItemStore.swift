internal import EndpointModel

/// Items by numbers, which they keep as long as they are held: slots.
///
/// Four levels of arrays, the innermost of eight items, the others of sixteen arrays but for the
/// outermost. Arrays are values
/// that share their storage until one of them changes, so a copy is a pinned version, and the
/// first change behind it copies the way down to one slot: eight items and about as many arrays
/// on each level, however many items there are. (Runs of 128 in one array of runs, which this
/// replaces, cost two hundred references at 10,000 items and a thousand at 100,000, with each
/// mark that a subscriber is told.) About 14 bytes an item.
struct ItemStore: Sendable {
    /// Names one item: good until it is freed.
    typealias Slot = UInt32

    private typealias Leaf = [EncodedItem?]

    /// Small, for each item that is copied is one more that is looked up in memory.
    private static let leafBits: Slot = 3
    private static let bits: Slot = 4

    private var leaves: [[[Leaf]]] = []
    private var end: Slot = 0
    /// Slots without an item, to be used again.
    private var freed: [Slot] = []

    /// The item at a slot that is in use.
    subscript(slot: Slot) -> EncodedItem {
        let leaf = leaves[Self.index(slot, 3)][Self.index(slot, 2)][Self.index(slot, 1)]
        guard let item = leaf[Self.index(slot, 0)] else {
            preconditionFailure("slot \(slot) holds nothing")
        }
        return item
    }

    /// Calls `body` with the item at a slot that is in use, where it stands.
    @inline(__always)
    func withHeld<Result>(_ slot: Slot, _ body: (HeldItem) -> Result) -> Result {
        leaves[Self.index(slot, 3)][Self.index(slot, 2)][Self.index(slot, 1)]
            .withUnsafeBufferPointer { leaf in
                let index = Self.index(slot, 0)
                guard index < leaf.count, let start = leaf.baseAddress,
                    let item = HeldItem(at: start + index)
                else { preconditionFailure("slot \(slot) holds nothing") }
                return body(item)
            }
    }

    /// Takes up an item and gives it a slot.
    mutating func add(_ item: EncodedItem) -> Slot {
        if let slot = freed.popLast() {
            _ = exchange(item, at: slot)
            return slot
        }
        let slot = end
        end += 1
        if Self.index(slot, 0) == 0 { addLeaf(for: slot) }
        leaves[Self.index(slot, 3)][Self.index(slot, 2)][Self.index(slot, 1)].append(item)
        return slot
    }

    /// Puts another item at a slot that is in use; gives back the one that stood there.
    mutating func replace(_ slot: Slot, by item: EncodedItem) -> EncodedItem {
        guard let old = exchange(item, at: slot) else {
            preconditionFailure("slot \(slot) holds nothing")
        }
        return old
    }

    /// Gives back the item and lets go of its slot.
    mutating func free(_ slot: Slot) -> EncodedItem {
        guard let old = exchange(nil, at: slot) else {
            preconditionFailure("slot \(slot) holds nothing")
        }
        freed.append(slot)
        return old
    }

    private mutating func exchange(_ item: EncodedItem?, at slot: Slot) -> EncodedItem? {
        var other = item
        swap(
            &other,
            &leaves[Self.index(slot, 3)][Self.index(slot, 2)][Self.index(slot, 1)][
                Self.index(slot, 0)])
        return other
    }

    private mutating func addLeaf(for slot: Slot) {
        let book = Self.index(slot, 3)
        if book == leaves.count { leaves.append([]) }
        let page = Self.index(slot, 2)
        if page == leaves[book].count { leaves[book].append([]) }
        var leaf = Leaf()
        leaf.reserveCapacity(1 << Int(Self.leafBits))
        leaves[book][page].append(leaf)
    }

    /// The part of a slot that counts on a level; on the outermost all that is left.
    private static func index(_ slot: Slot, _ level: Slot) -> Int {
        if level == 0 { return Int(slot & (1 << leafBits - 1)) }
        let rest = slot >> (leafBits + (level - 1) * bits)
        return Int(level == 3 ? rest : rest & (1 << bits - 1))
    }
}
