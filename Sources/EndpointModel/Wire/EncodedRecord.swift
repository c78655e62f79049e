/// One event's record: the item and the audit part, each encoded once, and the hash that the
/// chain takes up.
public struct EncodedRecord: Sendable {
    /// The greatest record, in bytes.
    public static let byteLimit = EncodedItem.byteLimit + (64 << 10)

    public let item: EncodedItem
    /// The encoded audit part.
    public let auditBytes: [UInt8]
    /// `SHA-256(itemHash ‖ SHA-256(audit part))`.
    public let hash: Hash256

    package init(item: EncodedItem, audit: AuditPart) {
        self.item = item
        auditBytes = audit.encoded()
        hash = item.hash.followed(by: .of(auditBytes))
    }

    /// Takes foreign bytes, after checking that they are one canonical record.
    public init(validating bytes: [UInt8]) throws(WireError) {
        let (item, auditBytes) = try Self.parts(bytes)
        let (itemHash, auditHash) = item.withBytes { itemBytes in
            auditBytes.withUnsafeBytes { Hash256.pair(itemBytes, $0) }
        }
        item.storage.set(hash: itemHash)
        self.item = item
        self.auditBytes = auditBytes
        hash = itemHash.followed(by: auditHash)
    }

    /// Takes the bytes of a row whose hash was computed from them when it was read.
    package init(validating bytes: [UInt8], hash: Hash256) throws(WireError) {
        let (item, auditBytes) = try Self.parts(bytes)
        item.storage.set(hash: item.withBytes { .of($0) })
        self.item = item
        self.auditBytes = auditBytes
        self.hash = hash
    }

    /// The item without its hash, and the encoded audit part.
    private static func parts(_ bytes: [UInt8]) throws(WireError) -> (EncodedItem, [UInt8]) {
        guard bytes.count <= byteLimit else {
            throw .tooLong(bytes: bytes.count, limit: byteLimit)
        }
        let parts = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try split(raw) }
        }
        let (itemRange, auditRange) = try parts.get()
        let found = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try EncodedItem(unhashed: UnsafeRawBufferPointer(rebasing: raw[itemRange]))
            }
        }
        let item = try found.get()
        let auditBytes = Array(bytes[auditRange])
        let audit = auditBytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try AuditPart(raw) }
        }
        _ = try audit.get()
        return (item, auditBytes)
    }

    public var seq: Seq { item.seq }

    /// The audit part, decoded. Its bytes were checked on entry.
    public func audit() throws(WireError) -> AuditPart {
        let result = auditBytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try AuditPart(raw) }
        }
        return try result.get()
    }

    /// The schema's `Record`.
    public var bytes: [UInt8] {
        var writer = ProtoWriter(reserving: byteCount)
        write(to: &writer)
        return writer.bytes
    }

    package func write(to writer: inout ProtoWriter) {
        item.withBytes { writer.explicitData(1, $0) }
        auditBytes.withUnsafeBytes { writer.explicitData(2, $0) }
    }

    public var byteCount: Int {
        2 + ProtoWriter.varintByteCount(UInt64(item.byteCount)) + item.byteCount
            + ProtoWriter.varintByteCount(UInt64(auditBytes.count)) + auditBytes.count
    }

    /// The ranges of item and audit part; nothing else may stand in a record.
    private static func split(_ bytes: UnsafeRawBufferPointer) throws(WireError)
        -> (Range<Int>, Range<Int>)
    {
        var reader = ProtoReader(bytes, order: .ascending)
        var item: Range<Int>?
        var audit: Range<Int>?
        while let field = try reader.next() {
            switch field.number {
            case 1: item = try reader.singleBody(field)
            case 2: audit = try reader.singleBody(field)
            default:
                throw .inconsistent("a record has item and audit alone, not field \(field.number)")
            }
        }
        guard let item else { throw .fieldMissing(field: 1) }
        guard let audit else { throw .fieldMissing(field: 2) }
        return (item, audit)
    }
}
