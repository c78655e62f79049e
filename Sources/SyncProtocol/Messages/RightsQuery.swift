package import EndpointModel

/// The rights in force; a wish replaces them first (R66).
package struct RightsQuery: WireMessage {
    /// Nil: nothing is replaced.
    package var wanted: Rights?
    /// Of the event that must be in force still; nil: any, or none.
    package var expectedSeq: Seq?

    package init(wanted: Rights? = nil, expectedSeq: Seq? = nil) {
        self.wanted = wanted
        self.expectedSeq = expectedSeq
    }

    package func write(to writer: inout ProtoWriter) {
        if let wanted { writer.message(1) { wanted.write(to: &$0) } }
        if let expectedSeq { writer.explicitNumber(2, expectedSeq.rawValue) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: wanted = try Rights(reader.nested(reader.body(field)))
            case 2: expectedSeq = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
    }
}
