package import EndpointModel

/// The membership in force at a seq, and the one before it. A change is made in two events: the
/// first says the new membership, and until a second says the same again both are in force. What
/// needs voters then needs them of both, so that nobody who knows only the older one can go on
/// without those who know the newer (G10).
package struct MembershipStanding: Hashable, Sendable {
    package let current: Membership
    /// The same as `current` once the change is settled.
    package let previous: Membership
    /// Of the event that says `current`; 0 while there is none.
    package let seq: Seq

    package init(current: Membership, previous: Membership, seq: Seq) {
        self.current = current
        self.previous = previous
        self.seq = seq
    }

    /// Before the first membership event: nobody votes.
    package static let none = MembershipStanding(
        current: Membership(), previous: Membership(), seq: .zero)

    package var isSettled: Bool { current == previous }

    /// Both, or the one when it is settled.
    package var inForce: [Membership] { isSettled ? [current] : [previous, current] }

    /// Everyone who votes by either.
    package var voters: [String] { Membership(voters: previous.voters + current.voters).voters }

    package func followed(by membership: Membership, at seq: Seq) -> MembershipStanding {
        MembershipStanding(current: membership, previous: current, seq: seq)
    }
}

extension MembershipStanding {
    /// Both memberships as events have them, and the seq.
    func write(to writer: inout ProtoWriter) {
        writer.message(1) { current.write(to: &$0) }
        writer.message(2) { previous.write(to: &$0) }
        writer.number(3, seq.rawValue)
    }

    init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var current = Membership()
        var previous = Membership()
        var seq = Seq.zero
        while let field = try reader.next() {
            switch field.number {
            case 1: current = try Membership(reader.nested(reader.body(field)))
            case 2: previous = try Membership(reader.nested(reader.body(field)))
            case 3: seq = Seq(try reader.number(field))
            default: try reader.skip(field)
            }
        }
        self.init(current: current, previous: previous, seq: seq)
    }
}
