/// Who votes: the followers that must have what is acknowledged, and how many of them (G10).
public struct Membership: Hashable, Sendable {
    /// Advertised addresses, ascending by their bytes, none twice.
    public private(set) var voters: [String]
    /// On how many voters an event must be on disk before it is acknowledged; 0: the leader's own
    /// disk is enough.
    public var minAcks: UInt32

    public init(voters: some Sequence<String> = [], minAcks: UInt32 = 0) {
        self.voters = Set(voters).sorted(by: Self.isBefore)
        self.minAcks = minAcks
    }

    public func adding(_ voter: String) -> Membership {
        Membership(voters: voters + [voter], minAcks: minAcks)
    }

    public func removing(_ voter: String) -> Membership {
        Membership(voters: voters.filter { $0 != voter }, minAcks: minAcks)
    }

    /// How many promises a candidate needs: one voter at least of any `minAcks` is among so many.
    /// Nil when no number of voters can vouch for what was acknowledged: none need have it, or there
    /// are not so many.
    public var promisesNeeded: Int? {
        let wanted = Int(minAcks)
        return (1...).contains(wanted) && wanted <= voters.count ? voters.count - wanted + 1 : nil
    }

    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    package func write(to writer: inout ProtoWriter) {
        for voter in voters { writer.explicitText(1, voter) }
        writer.number(2, UInt64(minAcks))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let voter = try reader.element(field)
                guard !voter.isEmpty else { throw .fieldEmpty(field: 1) }
                if let last = voters.last, !Self.isBefore(last, voter) {
                    throw .keysNotAscending(field: 1)
                }
                voters.append(voter)
            case 2:
                let number = try reader.number(field, atMost: UInt64(UInt32.max))
                minAcks = UInt32(truncatingIfNeeded: number)
            default: try reader.skip(field)
            }
        }
    }
}
