/// What a control event says. A node that meets an unknown critical one stores and forwards it
/// and gives nobody a state any more; an unknown ignorable one it stores and forwards (R19).
public enum ControlEvent: Hashable, Sendable {
    /// A leader's reign begins.
    case epoch(Epoch)
    /// Who may do what from here on (G13).
    case rights(Rights)
    /// Who votes from here on (G10).
    case membership(Membership)
    case unknown(type: UInt32, criticality: Criticality)

    public enum Criticality: UInt8, Hashable, Sendable {
        case ignorable = 0
        case critical = 1
    }

    /// The types that this version knows, by their numbers on the wire.
    package enum KnownType: UInt64, CaseIterable, Sendable {
        case epoch = 1
        case rights = 2
        case membership = 3
    }

    func write(to writer: inout ProtoWriter) {
        switch self {
        case .epoch(let epoch):
            writer.number(1, KnownType.epoch.rawValue)
            writer.number(2, UInt64(Criticality.critical.rawValue))
            writer.message(3) { inner in
                inner.number(1, epoch.number)
                inner.fixed64(2, epoch.leaderID)
            }
        case .rights(let rights):
            writer.number(1, KnownType.rights.rawValue)
            writer.number(2, UInt64(Criticality.critical.rawValue))
            writer.message(4) { rights.write(to: &$0) }
        case .membership(let membership):
            writer.number(1, KnownType.membership.rawValue)
            writer.number(2, UInt64(Criticality.critical.rawValue))
            writer.message(5) { membership.write(to: &$0) }
        case .unknown(let type, let criticality):
            writer.number(1, UInt64(type))
            writer.number(2, UInt64(criticality.rawValue))
        }
    }

    init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var type: UInt64 = 0
        var criticality = Criticality.ignorable
        var epoch: Epoch?
        var rights: Rights?
        var membership: Membership?
        while let field = try reader.next() {
            switch field.number {
            case 1: type = try reader.number(field, atMost: UInt64(UInt32.max))
            case 2:
                _ = try reader.number(field, atMost: 1)
                criticality = .critical
            case 3:
                try reader.single(field)
                epoch = try Self.epoch(reader.nested(reader.body(field)))
            case 4:
                try reader.single(field)
                rights = try Rights(reader.nested(reader.body(field)))
            case 5:
                try reader.single(field)
                membership = try Membership(reader.nested(reader.body(field)))
            default: try reader.skip(field)
            }
        }
        guard type != 0 else { throw .fieldMissing(field: 1) }
        switch KnownType(rawValue: type) {
        case .epoch:
            guard let epoch, epoch.number > 0, criticality == .critical else {
                throw .inconsistent("an epoch event is critical and has a number")
            }
            self = .epoch(epoch)
        case .rights:
            guard let rights, criticality == .critical else {
                throw .inconsistent("a rights event is critical and has rights")
            }
            self = .rights(rights)
        case .membership:
            guard let membership, criticality == .critical else {
                throw .inconsistent("a membership event is critical and has a membership")
            }
            self = .membership(membership)
        case nil:
            self = .unknown(type: UInt32(truncatingIfNeeded: type), criticality: criticality)
        }
    }

    private static func epoch(_ reader: consuming ProtoReader) throws(WireError) -> Epoch {
        var reader = reader
        var epoch = Epoch.none
        while let field = try reader.next() {
            switch field.number {
            case 1: epoch.number = try reader.number(field)
            case 2: epoch.leaderID = try reader.fixed64(field)
            default: try reader.skip(field)
            }
        }
        return epoch
    }
}
