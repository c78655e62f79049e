package import EndpointModel
package import NIOCore

/// A message of the schema that this module encodes and reads itself.
///
/// Readers take fields in any order, step over unknown ones and refuse what a message cannot be
/// without; items and records inside are canonical and are checked as such.
package protocol WireMessage: Equatable, Sendable {
    /// Appends the message's fields, ascending.
    func write(to writer: inout ProtoWriter)
    init(_ reader: consuming ProtoReader) throws(WireError)
    /// Reads the readable bytes of a frame's body.
    init(decoding body: ByteBuffer) throws(WireError)
}

extension WireMessage {
    package func encoded() -> [UInt8] {
        var writer = ProtoWriter(reserving: 256)
        write(to: &writer)
        return writer.bytes
    }

    package init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
        self = try Self(ProtoReader(bytes, order: .any))
    }

    package init(decoding bytes: [UInt8]) throws(WireError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try Self(decoding: raw) }
        }
        self = try result.get()
    }

    /// Reads the readable bytes of a frame's body.
    package init(decoding body: ByteBuffer) throws(WireError) {
        let result = body.withUnsafeReadableBytes { raw in
            Result { () throws(WireError) in try Self(decoding: raw) }
        }
        self = try result.get()
    }

    /// Messages are equal when their encodings are: items compare by their bytes.
    package static func == (left: Self, right: Self) -> Bool { left.encoded() == right.encoded() }
}

extension ProtoWriter {
    /// A nested message, written even when it is empty.
    mutating func nested(_ field: Int, _ message: some WireMessage) {
        self.message(field) { message.write(to: &$0) }
    }

    mutating func nested(_ field: Int, _ message: (some WireMessage)?) {
        if let message { nested(field, message) }
    }

    mutating func position(_ field: Int, _ position: Position) {
        message(field) { position.write(to: &$0) }
    }

    mutating func key(namespace namespaceField: Int, name nameField: Int, _ key: EndpointKey) {
        text(namespaceField, key.namespace)
        text(nameField, key.name)
    }

    mutating func item(_ field: Int, _ item: EncodedItem?) {
        item?.withBytes { explicitData(field, $0) }
    }
}

extension ProtoReader {
    mutating func message<Message: WireMessage>(_ field: Field) throws(WireError) -> Message {
        try Message(nested(body(field)))
    }

    mutating func position(_ field: Field) throws(WireError) -> Position {
        try Position(nested(body(field)))
    }

    mutating func seq(_ field: Field) throws(WireError) -> Seq {
        Seq(try number(field, atMost: Seq.last.rawValue))
    }

    mutating func number32(_ field: Field) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(field, atMost: UInt64(UInt32.max)))
    }

    /// Microseconds since 1970 as the schema's unsigned field.
    mutating func timestamp(_ field: Field) throws(WireError) -> Timestamp {
        let raw = try number(field, atMost: UInt64(Int64.max))
        return Timestamp(microseconds: Int64(bitPattern: raw))
    }

    mutating func item(_ field: Field) throws(WireError) -> EncodedItem {
        try EncodedItem(validating: slice(body(field)))
    }

    /// An item, or nil for the empty bytes that stand for none.
    mutating func itemIfAny(_ field: Field) throws(WireError) -> EncodedItem? {
        let range = try body(field)
        return range.isEmpty ? nil : try EncodedItem(validating: slice(range))
    }

    /// 16 bytes, or nil for the empty bytes that stand for absence.
    mutating func uidIfAny(_ field: Field) throws(WireError) -> UID? {
        let range = try body(field)
        if range.isEmpty { return nil }
        guard let uid = UID(bytes: slice(range)) else {
            throw .lengthUnexpected(field: field.number, bytes: range.count)
        }
        return uid
    }

    /// 32 bytes, or nil for the empty bytes that stand for absence.
    mutating func hashIfAny(_ field: Field) throws(WireError) -> Hash256? {
        let range = try body(field)
        if range.isEmpty { return nil }
        guard let hash = Hash256(bytes: slice(range)) else {
            throw .lengthUnexpected(field: field.number, bytes: range.count)
        }
        return hash
    }

    mutating func digestIfAny(_ field: Field) throws(WireError) -> StateDigest? {
        try hashIfAny(field).map { StateDigest(sum: $0) }
    }
}

/// A field that a message cannot be without.
func required<Value>(_ value: Value?, field: Int) throws(WireError) -> Value {
    guard let value else { throw .fieldMissing(field: field) }
    return value
}

/// Both parts of a key: neither may be empty.
func required(_ key: EndpointKey, namespace: Int, name: Int) throws(WireError) -> EndpointKey {
    if key.namespace.isEmpty { throw .fieldMissing(field: namespace) }
    if key.name.isEmpty { throw .fieldMissing(field: name) }
    return key
}
