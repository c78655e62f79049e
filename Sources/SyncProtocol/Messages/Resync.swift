package import EndpointModel

/// What the changes up to the next mark are.
package enum How: UInt8, Hashable, Sendable, CaseIterable {
    case deltas = 1
    case netChange = 2
    case snapshot = 3
    /// A snapshot, because the position held is not on this history (G7).
    case reset = 4

    /// Whether what arrives replaces all that was held.
    package var replaces: Bool { self == .snapshot || self == .reset }
}

/// Why the server goes on as it does.
package enum ResyncReason: UInt8, Hashable, Sendable, CaseIterable {
    case unspecified = 0
    case noToken = 1
    case otherLog = 2
    case otherHistory = 3
    case otherSelection = 4
    case cheapest = 5
    case slow = 6
    case digest = 7
}

/// Announces how a subscription goes on: before the first change, and again whenever it changes.
package struct Resync: WireMessage {
    package var how: How
    /// Deltas and net change: what is held. Snapshot and reset: where it began.
    package var start: Position
    package var reason: ResyncReason
    /// State: of the selection as the server gives it, narrowed by rights. It goes into resume
    /// tokens and snapshot cursors as it is.
    package var fingerprint: Hash256?

    package init(
        how: How, start: Position, reason: ResyncReason = .unspecified,
        fingerprint: Hash256? = nil
    ) {
        self.how = how
        self.start = start
        self.reason = reason
        self.fingerprint = fingerprint
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, UInt64(how.rawValue))
        writer.position(2, start)
        writer.number(3, UInt64(reason.rawValue))
        if let fingerprint { writer.hash(4, fingerprint) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var how: How?
        var start: Position?
        var reason = ResyncReason.unspecified
        var fingerprint: Hash256?
        while let field = try reader.next() {
            switch field.number {
            case 1: how = try reader.how(field)
            case 2: start = try reader.position(field)
            case 3:
                let raw = UInt8(clamping: try reader.number(field))
                reason = ResyncReason(rawValue: raw) ?? .unspecified
            case 4: fingerprint = try reader.hashIfAny(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            how: try required(how, field: 1), start: try required(start, field: 2), reason: reason,
            fingerprint: fingerprint)
    }
}

extension ProtoReader {
    /// A way that this build does not know cannot be followed, so it is an error.
    fileprivate mutating func how(_ field: Field) throws(WireError) -> How {
        let raw = try number(field)
        guard let how = How(rawValue: UInt8(clamping: raw)) else {
            throw .numberOutOfRange(field: field.number, value: raw)
        }
        return how
    }
}
