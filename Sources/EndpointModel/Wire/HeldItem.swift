/// An item where it stands in memory, held there by somebody else: its key can be compared without
/// a count of one more reference. A search looks at some seventeen items, which other threads look
/// at too, and each count would be a write to memory that they share.
package struct HeldItem {
    private let storage: Unmanaged<ItemStorage>

    /// Nil when no item stands there. It must not be used for longer than that stays so.
    ///
    /// An `EncodedItem` is one reference and nothing else, and so is what is read here.
    @inline(__always)
    package init?(at place: UnsafePointer<EncodedItem?>) {
        let held = UnsafeRawPointer(place).load(as: Unmanaged<ItemStorage>?.self)
        guard let held else { return nil }
        storage = held
    }

    /// As the same method of the item.
    @inline(__always)
    package func compareKey(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer) -> Int
    {
        storage._withUnsafeGuaranteedRef { storage in
            storage.withUnsafeMutablePointers { header, start in
                let layout = header.pointee.layout
                let order = ByteOrder.compare(
                    Self.part(layout.namespace, of: start), namespace)
                return order == 0
                    ? ByteOrder.compare(Self.part(layout.name, of: start), name) : order
            }
        }
    }

    @inline(__always)
    private static func part(
        _ span: EncodedItem.Layout.Span, of start: UnsafeMutablePointer<UInt8>
    ) -> UnsafeRawBufferPointer {
        let range = span.range
        return UnsafeRawBufferPointer(start: start + range.lowerBound, count: range.count)
    }
}
