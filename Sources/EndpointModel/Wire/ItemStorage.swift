/// An item's fields and bytes in one allocation: an item is one of very many, and one miss of the
/// processor's cache less with each that is looked at.
final class ItemStorage: ManagedBuffer<ItemHeader, UInt8> {
    /// Room for so many bytes, which `fill` writes to the last. The header is still to be set.
    static func make(
        byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> ItemStorage {
        let made = create(minimumCapacity: byteCount) { _ in ItemHeader(byteCount: byteCount) }
        made.withUnsafeMutablePointerToElements { start in
            fill(UnsafeMutableRawBufferPointer(start: start, count: byteCount))
        }
        return unsafeDowncast(made, to: ItemStorage.self)
    }

    /// As `header`, which is judged for exclusive access each time that it is looked at.
    var fields: ItemHeader {
        get { withUnsafeMutablePointerToHeader { $0.pointee } }
        set { withUnsafeMutablePointerToHeader { $0.pointee = newValue } }
    }

    func set(hash: Hash256) { withUnsafeMutablePointerToHeader { $0.pointee.hash = hash } }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeMutablePointers { header, start in
            body(UnsafeRawBufferPointer(start: start, count: header.pointee.byteCount))
        }
    }
}

struct ItemHeader {
    var hash: Hash256
    var seq: Seq
    var previousSeq: Seq
    var creationTime: Timestamp
    // The small ones last: this order saves 16 bytes of each.
    var layout: EncodedItem.Layout
    var kind: EventKind
    private var storedByteCount: UInt32

    var byteCount: Int { Int(storedByteCount) }

    init(byteCount: Int) {
        self.init(
            hash: .zero, seq: .zero, previousSeq: .zero, creationTime: Timestamp(microseconds: 0),
            layout: EncodedItem.Layout(), kind: .control, byteCount: byteCount)
    }

    /// - Parameter byteCount: At most `EncodedItem.byteLimit`.
    init(
        hash: Hash256, seq: Seq, previousSeq: Seq, creationTime: Timestamp,
        layout: EncodedItem.Layout, kind: EventKind, byteCount: Int
    ) {
        self.hash = hash
        self.seq = seq
        self.previousSeq = previousSeq
        self.creationTime = creationTime
        self.layout = layout
        self.kind = kind
        storedByteCount = UInt32(truncatingIfNeeded: byteCount)
    }
}
