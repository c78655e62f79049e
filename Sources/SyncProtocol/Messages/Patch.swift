package import EndpointModel

/// Rebuilds the item at `seq` from the item held at `previousSeq`: same key, uid and creation
/// time, and the former's encoded endpoint with spans replaced.
///
/// It names no endpoint: an event has a seq of its own, so `previousSeq` names one item, and a key
/// would be the greater part of a patch.
package struct Patch: WireMessage {
    package var seq: Seq
    package var previousSeq: Seq
    /// Ascending by `at`, not overlapping.
    package var spans: [Span]

    /// Bytes of the old endpoint that others stand in for.
    package struct Span: WireMessage {
        /// Offset in the old endpoint's bytes.
        package var at: UInt32
        /// How many old bytes go.
        package var remove: UInt32
        package var insert: [UInt8]

        package init(at: UInt32, remove: UInt32, insert: [UInt8]) {
            self.at = at
            self.remove = remove
            self.insert = insert
        }

        package func write(to writer: inout ProtoWriter) {
            writer.number(1, UInt64(at))
            writer.number(2, UInt64(remove))
            writer.data(3, insert)
        }

        package init(_ reader: consuming ProtoReader) throws(WireError) {
            self.init(at: 0, remove: 0, insert: [])
            var reader = reader
            while let field = try reader.next() {
                switch field.number {
                case 1: at = try reader.number32(field)
                case 2: remove = try reader.number32(field)
                case 3: insert = Array(reader.slice(try reader.body(field)))
                default: try reader.skip(field)
                }
            }
        }
    }

    package init(seq: Seq, previousSeq: Seq, spans: [Span]) {
        self.seq = seq
        self.previousSeq = previousSeq
        self.spans = spans
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, seq.rawValue)
        writer.number(2, previousSeq.rawValue)
        for span in spans { writer.nested(3, span) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(seq: .zero, previousSeq: .zero, spans: [])
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: seq = try reader.seq(field)
            case 2: previousSeq = try reader.seq(field)
            case 3: spans.append(try reader.message(field))
            default: try reader.skip(field)
            }
        }
        if seq == .zero { throw .fieldMissing(field: 1) }
        if previousSeq == .zero { throw .fieldMissing(field: 2) }
        guard previousSeq < seq else {
            throw .inconsistent("prev_seq \(previousSeq) is not less than seq \(seq)")
        }
    }
}
