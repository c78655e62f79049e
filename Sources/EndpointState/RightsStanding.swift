package import EndpointModel

/// The rights in force at a seq (G13).
package struct RightsStanding: Hashable, Sendable {
    /// Nil before the first event of them: then whoever may connect may do everything.
    package let rights: Rights?
    /// Of the event; 0 while there is none.
    package let seq: Seq

    package init(rights: Rights?, seq: Seq) {
        self.rights = rights
        self.seq = seq
    }

    package static let none = RightsStanding(rights: nil, seq: .zero)

    /// Nil: nothing at all.
    package func grant(to identity: Identity) -> Grant? {
        guard let rights else { return .unrestricted }
        return rights.grant(to: identity)
    }

    func write(to writer: inout ProtoWriter) {
        guard let rights else { return }
        writer.message(1) { rights.write(to: &$0) }
        writer.number(2, seq.rawValue)
    }

    init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var rights: Rights?
        var seq = Seq.zero
        while let field = try reader.next() {
            switch field.number {
            case 1: rights = try Rights(reader.nested(reader.body(field)))
            case 2: seq = Seq(try reader.number(field))
            default: try reader.skip(field)
            }
        }
        self.init(rights: rights, seq: seq)
    }
}
