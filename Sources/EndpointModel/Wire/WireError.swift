/// Why bytes from a peer or a file are not what they should be. Offsets count from the start of
/// the message that was read.
public enum WireError: Error, Hashable, Sendable {
    /// The bytes end inside a field.
    case truncated(offset: Int)
    /// A varint is longer than it need be, or longer than 64 bits.
    case varintMalformed(offset: Int)
    /// A tag with field number 0, or a wire type that proto3 does not have.
    case tagMalformed(offset: Int)
    /// A field stands in another wire type than its own.
    case wireTypeUnexpected(field: Int)
    /// A field stands behind one with a greater number, or a single one stands twice.
    case fieldOutOfOrder(field: Int)
    /// A field holds the value that stands for its absence.
    case fieldEmpty(field: Int)
    case fieldMissing(field: Int)
    case textNotUTF8(field: Int)
    /// A byte field has another length than its own.
    case lengthUnexpected(field: Int, bytes: Int)
    /// A number is outside its field's range.
    case numberOutOfRange(field: Int, value: UInt64)
    /// A map's keys are not ascending, or a key stands twice.
    case keysNotAscending(field: Int)
    /// The item or record is greater than the protocol allows.
    case tooLong(bytes: Int, limit: Int)
    /// Fields contradict each other; the text says which.
    case inconsistent(String)
}

extension WireError: CustomStringConvertible {
    /// The code that goodbyes, logs and vectors use.
    public var code: String {
        switch self {
        case .truncated: "truncated"
        case .varintMalformed: "varint-malformed"
        case .tagMalformed: "tag-malformed"
        case .wireTypeUnexpected: "wire-type-unexpected"
        case .fieldOutOfOrder: "field-out-of-order"
        case .fieldEmpty: "field-empty"
        case .fieldMissing: "field-missing"
        case .textNotUTF8: "text-not-utf8"
        case .lengthUnexpected: "length-unexpected"
        case .numberOutOfRange: "number-out-of-range"
        case .keysNotAscending: "keys-not-ascending"
        case .tooLong: "too-long"
        case .inconsistent: "inconsistent"
        }
    }

    public var description: String {
        switch self {
        case .truncated(let offset): "\(code): the bytes end inside a field at offset \(offset)"
        case .varintMalformed(let offset): "\(code): at offset \(offset)"
        case .tagMalformed(let offset): "\(code): at offset \(offset)"
        case .wireTypeUnexpected(let field), .fieldOutOfOrder(let field), .fieldEmpty(let field),
            .fieldMissing(let field), .textNotUTF8(let field), .keysNotAscending(let field):
            "\(code): field \(field)"
        case .lengthUnexpected(let field, let bytes): "\(code): field \(field) has \(bytes) bytes"
        case .numberOutOfRange(let field, let value): "\(code): field \(field) is \(value)"
        case .tooLong(let bytes, let limit): "\(code): \(bytes) bytes, at most \(limit)"
        case .inconsistent(let what): "\(code): \(what)"
        }
    }
}
