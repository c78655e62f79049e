package import EndpointModel

/// Whether more is on its way.
package enum SyncState: UInt8, Hashable, Sendable {
    /// More follows at once.
    case more = 0
    /// The head of this node.
    case inSync = 1
}

/// "You now hold this position": a subscriber's state changes only here (G6).
package struct Mark: WireMessage {
    package var place: Place
    /// Of the selection at the position; state only; may be absent.
    package var digest: StateDigest?
    /// Live endpoints of the selection; may be absent.
    package var count: UInt64?
    package var sync: SyncState

    /// Where the mark stands. What both ends know from the position before need not be said again
    /// in each of many small frames.
    package enum Place: Hashable, Sendable {
        case position(Position)
        /// In the log and the epoch of the position before.
        case step(Seq, chain: Hash256)
    }

    package init(
        place: Place, digest: StateDigest? = nil, count: UInt64? = nil, sync: SyncState = .more
    ) {
        self.place = place
        self.digest = digest
        self.count = count
        self.sync = sync
    }

    package init(
        position: Position, digest: StateDigest? = nil, count: UInt64? = nil,
        sync: SyncState = .more
    ) {
        self.init(place: .position(position), digest: digest, count: count, sync: sync)
    }

    package var seq: Seq {
        switch place {
        case .position(let position): position.seq
        case .step(let seq, _): seq
        }
    }

    /// The position to which the mark leads whoever stands at `before`.
    package func position(behind before: Position) -> Position {
        switch place {
        case .position(let position): position
        case .step(let seq, let chain):
            Position(logID: before.logID, epoch: before.epoch, seq: seq, chain: chain)
        }
    }

    package func write(to writer: inout ProtoWriter) {
        if case .position(let position) = place { writer.position(1, position) }
        if let digest { writer.hash(2, digest.sum) }
        if let count { writer.explicitNumber(3, count) }
        writer.number(4, UInt64(sync.rawValue))
        if case .step(let seq, let chain) = place {
            writer.hash(5, chain)
            writer.number(6, seq.rawValue)
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var place: Place?
        var seq = Seq.zero
        var digest: StateDigest?
        var count: UInt64?
        var sync = SyncState.more
        while let field = try reader.next() {
            switch field.number {
            case 1: place = .position(try reader.position(field))
            case 2: digest = try reader.digestIfAny(field)
            case 3: count = try reader.number(field)
            case 4: sync = try reader.number(field) == 1 ? .inSync : .more
            case 5: place = .step(.zero, chain: try reader.hash(field))
            case 6: seq = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
        if case .step(_, let chain) = place { place = .step(seq, chain: chain) }
        self.init(
            place: try required(place, field: 1), digest: digest, count: count, sync: sync)
    }
}

extension Mark {
    /// As it is written beside changes: a step to the last of them does not repeat its seq.
    package func written(beside last: Seq?) -> Mark {
        guard case .step(let seq, let chain) = place, seq == last else { return self }
        var short = self
        short.place = .step(.zero, chain: chain)
        return short
    }

    /// The opposite of `written(beside:)`.
    func read(beside last: Seq?) -> Mark {
        guard let last, case .step(.zero, let chain) = place else { return self }
        var whole = self
        whole.place = .step(last, chain: chain)
        return whole
    }
}
