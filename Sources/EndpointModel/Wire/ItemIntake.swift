/// Takes foreign bytes as items, one after another, and makes their hashes two at a time: two side
/// by side cost little more than one (docs/decisions/0013-hashes-side-by-side.md).
///
/// No item may be used before `finish`: the last one's hash is made there.
package struct ItemIntake {
    private var unhashed: EncodedItem?

    /// - Parameter byteCount: Of all the items to come, about.
    package init(expecting byteCount: Int) { Self.makeRoom(for: byteCount) }

    /// One large piece of memory, taken and given back, of which the items are then cut. glibc's
    /// allocator grows by a page at a time on all threads but the first, with a call of the kernel
    /// for each: a twentieth of what a snapshot costs its client.
    private static func makeRoom(for byteCount: Int) {
        let leastWorthIt = 16 << 10
        // From 128 KiB on it would be mapped for itself, and be gone when it is given back.
        let most = 120 << 10
        guard byteCount >= leastWorthIt else { return }
        // An item takes some 150 bytes beside its own.
        let room = min(most, byteCount + byteCount / 2)
        UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16).deallocate()
    }

    /// Takes foreign bytes, after checking that they are one canonical item.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> EncodedItem {
        let item = try EncodedItem(unhashed: bytes)
        if let other = unhashed {
            EncodedItem.hash(other, item)
            unhashed = nil
        } else {
            unhashed = item
        }
        return item
    }

    package mutating func finish() {
        unhashed?.hashAlone()
        unhashed = nil
    }
}

extension EncodedItem {
    fileprivate static func hash(_ left: EncodedItem, _ right: EncodedItem) {
        let (leftHash, rightHash) = left.withBytes { leftBytes in
            right.withBytes { Hash256.pair(leftBytes, $0) }
        }
        left.storage.set(hash: leftHash)
        right.storage.set(hash: rightHash)
    }

    fileprivate func hashAlone() { storage.set(hash: withBytes { .of($0) }) }
}
