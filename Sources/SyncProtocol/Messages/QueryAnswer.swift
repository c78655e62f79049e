package import EndpointModel

/// A part of the answer to a query. Parts come in order; `end` or `failure` is the last.
package struct QueryAnswer: WireMessage {
    package var ticket: UInt64
    package var body: Body

    package enum Body: Sendable {
        case items([EncodedItem])
        case records([RecordRow])
        case diff([DiffEntry])
        /// Status: a JSON document.
        case json([UInt8])
        case verify(VerifyReport)
        case promise(PromiseAnswer)
        case failure(FailureCode, message: String)
        /// The seq that the answer speaks of.
        case end(Seq)
        /// Of a later version: ignored.
        case unknown(field: Int)
    }

    package init(ticket: UInt64, body: Body) {
        self.ticket = ticket
        self.body = body
    }

    /// Whether no part follows.
    package var isLast: Bool {
        switch body {
        case .failure, .end: true
        case .items, .records, .diff, .json, .verify, .promise, .unknown: false
        }
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, ticket)
        switch body {
        case .items(let items):
            writer.message(2) { inner in for item in items { inner.item(1, item) } }
        case .records(let rows):
            writer.message(3) { inner in for row in rows { inner.nested(1, row) } }
        case .diff(let entries):
            writer.message(4) { inner in for entry in entries { inner.nested(1, entry) } }
        case .json(let bytes): bytes.withUnsafeBytes { writer.explicitData(5, $0) }
        case .verify(let report): writer.nested(6, report)
        case .failure(let code, let message):
            writer.message(7) { inner in
                inner.text(1, code.rawValue)
                inner.text(2, message)
            }
        case .end(let seq): writer.message(8) { $0.number(1, seq.rawValue) }
        case .promise(let answer): writer.nested(12, answer)
        case .unknown(let field): writer.message(max(field, 9)) { _ in }
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var ticket: UInt64 = 0
        var body = Body.unknown(field: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: ticket = try reader.number(field)
            case 2: body = try Self.items(reader.nested(reader.body(field)))
            case 3: body = try Self.records(reader.nested(reader.body(field)))
            case 4: body = try Self.diff(reader.nested(reader.body(field)))
            case 5: body = .json(Array(reader.slice(try reader.body(field))))
            case 6: body = .verify(try reader.message(field))
            case 7: body = try Self.failure(reader.nested(reader.body(field)))
            case 8: body = try Self.end(reader.nested(reader.body(field)))
            case 12: body = .promise(try reader.message(field))
            default:
                try reader.skip(field)
                if case .unknown = body { body = .unknown(field: field.number) }
            }
        }
        self.init(ticket: ticket, body: body)
    }

    private static func items(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var items: [EncodedItem] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: items.append(try reader.item(field))
            default: try reader.skip(field)
            }
        }
        return .items(items)
    }

    private static func records(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var rows: [RecordRow] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: rows.append(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        return .records(rows)
    }

    private static func diff(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var entries: [DiffEntry] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: entries.append(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        return .diff(entries)
    }

    private static func failure(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var code = ""
        var message = ""
        while let field = try reader.next() {
            switch field.number {
            case 1: code = try reader.text(field)
            case 2: message = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        return .failure(FailureCode(code), message: message)
    }

    private static func end(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var seq = Seq.zero
        while let field = try reader.next() {
            switch field.number {
            case 1: seq = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
        return .end(seq)
    }
}

/// One event of the log with the chain hash at it (G14).
package struct RecordRow: WireMessage {
    package var record: EncodedRecord
    package var chain: Hash256

    package init(record: EncodedRecord, chain: Hash256) {
        self.record = record
        self.chain = chain
    }

    package func write(to writer: inout ProtoWriter) {
        writer.data(1, record.bytes)
        writer.hash(2, chain)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var record: EncodedRecord?
        var chain: Hash256?
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let bytes = Array(reader.slice(try reader.body(field)))
                record = try EncodedRecord(validating: bytes)
            case 2: chain = try reader.hash(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            record: try required(record, field: 1), chain: try required(chain, field: 2))
    }
}

/// One endpoint that two states differ in.
package struct DiffEntry: WireMessage {
    package var before: EncodedItem?
    package var after: EncodedItem?

    package init(before: EncodedItem?, after: EncodedItem?) {
        self.before = before
        self.after = after
    }

    package func write(to writer: inout ProtoWriter) {
        writer.item(1, before)
        writer.item(2, after)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(before: nil, after: nil)
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: before = try reader.itemIfAny(field)
            case 2: after = try reader.itemIfAny(field)
            default: try reader.skip(field)
            }
        }
        if before == nil, after == nil { throw .fieldMissing(field: 1) }
    }
}

/// What a check of the log found.
package struct VerifyReport: WireMessage {
    package var checked: UInt64
    package var head: Position
    /// The first seq that is missing or wrong; nil: none.
    package var firstBad: Seq?
    package var why: String

    package init(checked: UInt64, head: Position, firstBad: Seq? = nil, why: String = "") {
        self.checked = checked
        self.head = head
        self.firstBad = firstBad
        self.why = why
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, checked)
        writer.position(2, head)
        writer.number(3, firstBad?.rawValue ?? 0)
        writer.text(4, why)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var checked: UInt64 = 0
        var head: Position?
        var firstBad = Seq.zero
        var why = ""
        while let field = try reader.next() {
            switch field.number {
            case 1: checked = try reader.number(field)
            case 2: head = try reader.position(field)
            case 3: firstBad = try reader.seq(field)
            case 4: why = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            checked: checked, head: try required(head, field: 2),
            firstBad: firstBad == .zero ? nil : firstBad, why: why)
    }
}
