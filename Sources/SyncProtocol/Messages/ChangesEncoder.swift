package import EndpointModel

/// Encodes one `Changes` message, change by change, straight into the frame's buffer: an item is
/// copied once and never measured twice.
package struct ChangesEncoder: ~Copyable {
    private var body: MessageBody
    /// How many changes were appended.
    package private(set) var count = 0
    private var lastSeq: Seq?

    /// The schema's `ServerMessage.changes`.
    private static let field = 3

    package init(reserving byteCount: Int = Limits.deltaCutBytes + (8 << 10)) {
        body = MessageBody(reserving: byteCount)
    }

    /// Bytes so far: cut the frame before it passes `Limits.deltaCutBytes`.
    package var byteCount: Int { body.byteCount }
    package var isEmpty: Bool { count == 0 }

    /// What `append(put:)` would add.
    package static func byteCount(put item: EncodedItem) -> Int {
        let inner = delimited(item.byteCount)
        return delimited(inner)
    }

    package mutating func append(put item: EncodedItem) {
        body.head(field: 1, byteCount: Self.delimited(item.byteCount))
        body.head(field: 1, byteCount: item.byteCount)
        item.withBytes { body.append($0) }
        noteAppended(item.seq)
    }

    package mutating func append(_ removal: Removal) {
        append(field: 2, removal.encoded(), seq: removal.seq)
    }

    package mutating func append(_ patch: Patch) { append(patch: patch.encoded(), seq: patch.seq) }

    /// An encoded patch that leads to `seq`.
    package mutating func append(patch bytes: [UInt8], seq: Seq) {
        append(field: 3, bytes, seq: seq)
    }

    package mutating func append(_ change: Change) {
        switch change {
        case .put(let item): append(put: item)
        case .removal(let removal): append(removal)
        case .patch(let patch): append(patch)
        }
    }

    /// Ends the message, with the batch's mark when it ends here as well.
    package consuming func finish(mark: Mark? = nil) -> MessageBody {
        if let mark {
            let bytes = mark.written(beside: lastSeq).encoded()
            body.head(field: 2, byteCount: bytes.count)
            body.append(bytes)
        }
        body.close(field: Self.field)
        return body
    }

    private mutating func append(field: Int, _ bytes: [UInt8], seq: Seq) {
        body.head(field: 1, byteCount: Self.delimited(bytes.count))
        body.head(field: field, byteCount: bytes.count)
        body.append(bytes)
        noteAppended(seq)
    }

    private mutating func noteAppended(_ seq: Seq) {
        count += 1
        lastSeq = seq
    }

    /// A field with a one-byte tag, a length and `byteCount` bytes.
    private static func delimited(_ byteCount: Int) -> Int {
        1 + ProtoWriter.varintByteCount(UInt64(byteCount)) + byteCount
    }
}

/// Encodes one `Records` message, record by record, straight into the frame's buffer.
package struct RecordsEncoder: ~Copyable {
    private var body: MessageBody
    /// How many records were appended.
    package private(set) var count = 0

    /// The schema's `ServerMessage.records`.
    private static let field = 4

    package init(reserving byteCount: Int = Limits.deltaCutBytes + (8 << 10)) {
        body = MessageBody(reserving: byteCount)
    }

    /// Bytes so far: cut the frame before it passes `Limits.deltaCutBytes`.
    package var byteCount: Int { body.byteCount }
    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ record: EncodedRecord) {
        body.head(field: 1, byteCount: record.byteCount)
        body.head(field: 1, byteCount: record.item.byteCount)
        record.item.withBytes { body.append($0) }
        body.head(field: 2, byteCount: record.auditBytes.count)
        body.append(record.auditBytes)
        count += 1
    }

    /// A record as the log stored it.
    package mutating func append(recordBytes: [UInt8]) {
        body.head(field: 1, byteCount: recordBytes.count)
        body.append(recordBytes)
        count += 1
    }

    package consuming func finish(mark: Mark? = nil) -> MessageBody {
        if let mark {
            let bytes = mark.encoded()
            body.head(field: 2, byteCount: bytes.count)
            body.append(bytes)
        }
        body.close(field: Self.field)
        return body
    }
}
