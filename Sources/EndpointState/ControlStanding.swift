package import EndpointModel

/// What the control events of a log have come to at a seq, but for the epoch, which positions say.
package struct ControlStanding: Hashable, Sendable {
    package var membership: MembershipStanding
    package var rights: RightsStanding

    package init(membership: MembershipStanding = .none, rights: RightsStanding = .none) {
        self.membership = membership
        self.rights = rights
    }

    /// Before the first event.
    package static let none = ControlStanding()

    /// After an event of any kind.
    package func followed(by item: EncodedItem) -> ControlStanding {
        guard item.kind == .control, let event = try? item.control() else { return self }
        var next = self
        switch event {
        case .epoch, .unknown: break
        case .rights(let rights): next.rights = RightsStanding(rights: rights, seq: item.seq)
        case .membership(let membership):
            next.membership = self.membership.followed(by: membership, at: item.seq)
        }
        return next
    }
}

extension ControlStanding {
    /// For the views file.
    package var encoded: [UInt8] {
        var writer = ProtoWriter()
        writer.message(1) { membership.write(to: &$0) }
        writer.message(2) { rights.write(to: &$0) }
        return writer.bytes
    }

    package init(encoded bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        var reader = ProtoReader(bytes, order: .ascending)
        while let field = try reader.next() {
            switch field.number {
            case 1: membership = try MembershipStanding(reader.nested(reader.body(field)))
            case 2: rights = try RightsStanding(reader.nested(reader.body(field)))
            default: try reader.skip(field)
            }
        }
    }
}
