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

/// Whether more is on its way.
package enum SyncState: UInt8, Hashable, Sendable {
    /// More follows at once.
    case more = 0
    /// The head of this node.
    case inSync = 1
}

/// "You now hold this position": a subscriber's state changes only here (G6).
package struct Mark: WireMessage {
    package var position: Position
    /// Of the selection at the position; state only; may be absent.
    package var digest: StateDigest?
    /// Live endpoints of the selection; speaks only beside a digest.
    package var count: UInt64
    package var sync: SyncState

    package init(
        position: Position, digest: StateDigest? = nil, count: UInt64 = 0, sync: SyncState = .more
    ) {
        self.position = position
        self.digest = digest
        self.count = count
        self.sync = sync
    }

    package func write(to writer: inout ProtoWriter) {
        writer.position(1, position)
        if let digest { writer.hash(2, digest.sum) }
        writer.number(3, count)
        writer.number(4, UInt64(sync.rawValue))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var position: Position?
        var digest: StateDigest?
        var count: UInt64 = 0
        var sync = SyncState.more
        while let field = try reader.next() {
            switch field.number {
            case 1: position = try reader.position(field)
            case 2: digest = try reader.digestIfAny(field)
            case 3: count = try reader.number(field)
            case 4: sync = try reader.number(field) == 1 ? .inSync : .more
            default: try reader.skip(field)
            }
        }
        self.init(
            position: try required(position, field: 1), digest: digest, count: count, sync: sync)
    }
}
