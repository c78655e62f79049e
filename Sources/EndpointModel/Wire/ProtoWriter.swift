/// Appends protobuf fields to a buffer, in the order in which it is called. Values that stand
/// for absence (0, "") are left out, as proto3 and the canonical encoding want.
package struct ProtoWriter {
    package var bytes: [UInt8]

    package init(reserving byteCount: Int = 0) {
        bytes = []
        bytes.reserveCapacity(byteCount)
    }

    package mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func number(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        explicitNumber(field, value)
    }

    /// An `optional` field: written even when it is 0.
    package mutating func explicitNumber(_ field: Int, _ value: UInt64) {
        varint(UInt64(field) << 3)
        varint(value)
    }

    package mutating func signed(_ field: Int, _ value: Int64) {
        number(field, UInt64(bitPattern: value))
    }

    package mutating func fixed64(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func text(_ field: Int, _ value: String) {
        guard !value.isEmpty else { return }
        explicitText(field, value)
    }

    /// An element of a repeated field, or an `optional` one: written even when it is empty.
    package mutating func explicitText(_ field: Int, _ value: String) {
        var value = value
        value.withUTF8 { explicitData(field, UnsafeRawBufferPointer($0)) }
    }

    package mutating func data(_ field: Int, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        value.withUnsafeBytes { explicitData(field, $0) }
    }

    package mutating func explicitData(_ field: Int, _ value: UnsafeRawBufferPointer) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func hash(_ field: Int, _ value: Hash256) {
        value.withBytes { explicitData(field, $0) }
    }

    /// A nested message, written even when it is empty. Its length is reserved as one byte and
    /// widened afterwards: nearly all are shorter than 128 bytes.
    package mutating func message(_ field: Int, _ body: (inout ProtoWriter) -> Void) {
        varint(UInt64(field) << 3 | 2)
        let lengthIndex = bytes.count
        bytes.append(0)
        body(&self)
        let length = bytes.count - lengthIndex - 1
        let widths = Self.varintByteCount(UInt64(length))
        if widths > 1 { widen(lengthIndex, by: widths - 1) }
        var rest = length
        for index in lengthIndex..<lengthIndex + widths {
            bytes[index] = UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80
            rest >>= 7
        }
        bytes[lengthIndex + widths - 1] &= 0x7F
    }

    /// Moves all bytes behind `index` back by `count`.
    private mutating func widen(_ index: Int, by count: Int) {
        let tail = bytes.count - index - 1
        for _ in 0..<count { bytes.append(0) }
        bytes.withUnsafeMutableBytes { raw in
            let from = UnsafeRawBufferPointer(rebasing: raw[index + 1..<index + 1 + tail])
            UnsafeMutableRawBufferPointer(rebasing: raw[(index + 1 + count)...]).copyMemory(
                from: from)
        }
    }

    /// How many bytes `value` takes as a varint: 1 to 10.
    package static func varintByteCount(_ value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }
}
