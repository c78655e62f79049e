package import EndpointModel

/// Where the items of a set of endpoints stand, by their seqs: what a patch names its base by.
///
/// Open addressing with linear probing in one table, whose size is a power of two and of which at
/// most two of three places are taken. An update costs two probes into it, some tens of
/// nanoseconds, where a search among 100,000 keys costs a microsecond. Seqs are spread by a factor
/// that is the process's own, so no server can choose some that collide (G12). 12 bytes a place,
/// and no references: nothing is counted when it changes.
package struct SlotsBySeq: Sendable {
    private var entries: [Entry] = []
    private var bits = 3
    package private(set) var count = 0

    /// Of the seed that the process has for its hashes; odd, so that no two seqs are taken for one.
    private static let factor = UInt64(bitPattern: Int64(Hasher().finalize())) | 1

    private struct Entry {
        /// 0, which no item has, where nothing stands.
        var seq: UInt64 = 0
        var slot: OrderedItems.Slot = 0
    }

    package init() { resize() }

    package init(_ items: OrderedItems) {
        while (1 << bits) * 2 < items.count * 3 { bits += 1 }
        resize()
        items.forEachSlot { slot in insert(slot, at: items.item(at: slot).seq) }
    }

    package func slot(at seq: Seq) -> OrderedItems.Slot? {
        let place = place(seq.rawValue)
        return entries[place].seq == 0 ? nil : entries[place].slot
    }

    /// Takes up that the item at the slot has this seq.
    package mutating func insert(_ slot: OrderedItems.Slot, at seq: Seq) {
        precondition(seq > .zero, "no item has seq 0")
        if (count + 1) * 3 > entries.count * 2 { grow() }
        let place = place(seq.rawValue)
        if entries[place].seq == 0 { count += 1 }
        entries[place] = Entry(seq: seq.rawValue, slot: slot)
    }

    /// What stands behind the gap moves up, as far as its own home allows: no place is marked as
    /// dead, for here seqs come and go all the time.
    package mutating func remove(_ seq: Seq) {
        var gap = place(seq.rawValue)
        guard entries[gap].seq != 0 else { return }
        count -= 1
        var next = gap
        while true {
            next = (next + 1) & mask
            guard entries[next].seq != 0 else { break }
            // Whether the gap lies between its home and where it stands.
            guard (next &- home(entries[next].seq)) & mask >= (next &- gap) & mask else { continue }
            entries[gap] = entries[next]
            gap = next
        }
        entries[gap] = Entry()
    }

    private var mask: Int { entries.count - 1 }

    private func home(_ seq: UInt64) -> Int {
        Int(truncatingIfNeeded: (seq &* Self.factor) >> UInt64(64 - bits))
    }

    /// Where the seq stands, or would. There is always a free place.
    private func place(_ seq: UInt64) -> Int {
        var place = home(seq)
        while entries[place].seq != 0, entries[place].seq != seq { place = (place + 1) & mask }
        return place
    }

    private mutating func resize() {
        entries = Array(repeating: Entry(), count: 1 << bits)
        count = 0
    }

    private mutating func grow() {
        let old = entries
        bits += 1
        resize()
        for entry in old where entry.seq != 0 { insert(entry.slot, at: Seq(entry.seq)) }
    }
}
