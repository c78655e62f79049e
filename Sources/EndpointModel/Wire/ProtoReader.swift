/// Reads protobuf fields out of foreign bytes. Every step checks its bounds; nothing it is given
/// can trap, and nothing it returns lies outside the bytes (G12).
///
/// The reader holds a pointer: it lives inside the `withUnsafeBytes` that made it.
package struct ProtoReader {
    /// How strict a reader is about the order of fields.
    package enum Order {
        /// proto3: any order, the last of a repeated single field wins.
        case any
        /// The canonical encoding: ascending. That single fields do not repeat is the caller's
        /// check, by `single`.
        case ascending
    }

    package enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case delimited = 2
        case fixed32 = 5
    }

    package struct Field {
        package let number: Int
        package let wireType: WireType
        /// Whether the field before had the same number.
        package let isRepeat: Bool
    }

    package let bytes: UnsafeRawBufferPointer
    package private(set) var offset: Int
    private let end: Int
    private let order: Order
    private var lastNumber = 0

    package init(_ bytes: UnsafeRawBufferPointer, order: Order) {
        self.init(bytes, range: 0..<bytes.count, order: order)
    }

    /// Reads `range` of `bytes`, whose offsets it keeps; the range has come from a reader.
    package init(_ bytes: UnsafeRawBufferPointer, range: Range<Int>, order: Order) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range \(range)")
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
        self.order = order
    }

    package var isAtEnd: Bool { offset == end }
    /// Bytes behind the field read last.
    package var remaining: Int { end - offset }

    /// The next field's tag, or nil at the end.
    @inline(__always)
    package mutating func next() throws(WireError) -> Field? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try varint()
        guard let wireType = WireType(rawValue: UInt8(tag & 7)), tag >> 3 > 0,
            tag >> 3 < 1 << 29
        else { throw .tagMalformed(offset: start) }
        let number = Int(tag >> 3)
        if order == .ascending, number < lastNumber { throw .fieldOutOfOrder(field: number) }
        let isRepeat = number == lastNumber
        lastNumber = number
        return Field(number: number, wireType: wireType, isRepeat: isRepeat)
    }

    /// Refuses a field that the canonical encoding has only once.
    @inline(__always)
    package func single(_ field: Field) throws(WireError) {
        if order == .ascending, field.isRepeat { throw .fieldOutOfOrder(field: field.number) }
    }

    /// A varint in its shortest form.
    @inline(__always)
    package mutating func varint() throws(WireError) -> UInt64 {
        // Nearly all tags and lengths are one byte.
        guard offset < end, bytes[offset] < 0x80 else { return try longVarint() }
        offset += 1
        return UInt64(bytes[offset - 1])
    }

    private mutating func longVarint() throws(WireError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard offset < end else { throw .truncated(offset: start) }
            let byte = bytes[offset]
            offset += 1
            if shift == 63, byte > 1 { throw .varintMalformed(offset: start) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0 { throw .varintMalformed(offset: start) }
                return value
            }
            shift += 7
        }
    }

    @inline(__always)
    package mutating func number(_ field: Field) throws(WireError) -> UInt64 {
        guard field.wireType == .varint else { throw .wireTypeUnexpected(field: field.number) }
        let value = try varint()
        if order == .ascending {
            try single(field)
            if value == 0 { throw .fieldEmpty(field: field.number) }
        }
        return value
    }

    package mutating func number(_ field: Field, atMost limit: UInt64) throws(WireError) -> UInt64 {
        let value = try number(field)
        guard value <= limit else {
            throw .numberOutOfRange(field: field.number, value: value)
        }
        return value
    }

    package mutating func fixed64(_ field: Field) throws(WireError) -> UInt64 {
        guard field.wireType == .fixed64 else { throw .wireTypeUnexpected(field: field.number) }
        guard end - offset >= 8 else { throw .truncated(offset: offset) }
        let value = UInt64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        offset += 8
        if order == .ascending {
            try single(field)
            if value == 0 { throw .fieldEmpty(field: field.number) }
        }
        return value
    }

    /// The range of a length-delimited field's body; may be empty, may repeat.
    @inline(__always)
    package mutating func body(_ field: Field) throws(WireError) -> Range<Int> {
        guard field.wireType == .delimited else { throw .wireTypeUnexpected(field: field.number) }
        let start = offset
        let length = try varint()
        guard length <= UInt64(end - offset) else { throw .truncated(offset: start) }
        let range = offset..<offset + Int(length)
        offset = range.upperBound
        return range
    }

    /// The body of a field that stands once and is not empty.
    @inline(__always)
    package mutating func singleBody(_ field: Field) throws(WireError) -> Range<Int> {
        try single(field)
        let range = try body(field)
        if order == .ascending, range.isEmpty { throw .fieldEmpty(field: field.number) }
        return range
    }

    /// The body of a field that stands once and has a fixed length.
    package mutating func singleBody(_ field: Field, bytes count: Int) throws(WireError) -> Range<
        Int
    > {
        let range = try singleBody(field)
        guard range.count == count else {
            throw .lengthUnexpected(field: field.number, bytes: range.count)
        }
        return range
    }

    /// The range of a text that stands once; checked to be UTF-8 without making a string of it.
    @inline(__always)
    package mutating func singleTextRange(_ field: Field) throws(WireError) -> Range<Int> {
        let range = try singleBody(field)
        try checkText(field, range)
        return range
    }

    package mutating func text(_ field: Field) throws(WireError) -> String {
        try string(field, singleBody(field))
    }

    /// An element of a repeated text field; may be empty.
    package mutating func element(_ field: Field) throws(WireError) -> String {
        try string(field, body(field))
    }

    package mutating func data(_ field: Field) throws(WireError) -> [UInt8] {
        Array(slice(try singleBody(field)))
    }

    package mutating func hash(_ field: Field) throws(WireError) -> Hash256 {
        let range = try singleBody(field, bytes: Hash256.byteCount)
        return Hash256(bytes: slice(range)) ?? .zero
    }

    @inline(__always)
    package func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    @inline(__always)
    package func nested(_ range: Range<Int>) -> ProtoReader {
        ProtoReader(bytes, range: range, order: order)
    }

    /// Steps over a field that this version does not know.
    package mutating func skip(_ field: Field) throws(WireError) {
        switch field.wireType {
        case .varint: _ = try varint()
        case .fixed64: try advance(8)
        case .fixed32: try advance(4)
        case .delimited: _ = try body(field)
        }
    }

    @inline(__always)
    package func checkText(_ field: Field, _ range: Range<Int>) throws(WireError) {
        guard UTF8Text.isValid(slice(range)) else { throw .textNotUTF8(field: field.number) }
    }

    private func string(_ field: Field, _ range: Range<Int>) throws(WireError) -> String {
        guard let text = UTF8Text.string(slice(range)) else {
            throw .textNotUTF8(field: field.number)
        }
        return text
    }

    private mutating func advance(_ count: Int) throws(WireError) {
        guard end - offset >= count else { throw .truncated(offset: offset) }
        offset += count
    }
}
