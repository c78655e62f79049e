package import EndpointModel

/// The fold of all events of a log up to a seq: the current endpoints, and the last seq of every
/// key that was ever seen. Equal logs give equal views, wherever and whenever they are folded
/// (G5).
///
/// To hold a version while folding goes on, copy `state`.
package struct EndpointView: Sendable {
    package private(set) var state: EndpointSet
    package private(set) var tombstones: Tombstones
    /// Up to where events were taken up.
    package private(set) var seq: Seq
    /// The first event of which nobody here can say what it did. The state stays what it was
    /// before: `seq` goes on, and `state.seq` does not (R19).
    package private(set) var unknownEvent: UnknownEvent?
    /// Who votes, and who may do what. It is folded from behind an unknown event too: what a
    /// promotion may do must not hang on what the event did to the state.
    package private(set) var control: ControlStanding

    /// The view of the empty log.
    package init() { self.init(state: EndpointSet(), tombstones: Tombstones()) }

    /// A view that was folded before.
    package init(
        state: EndpointSet, tombstones: Tombstones, control: ControlStanding = .none
    ) {
        self.state = state
        self.tombstones = tombstones
        self.control = control
        seq = state.seq
    }

    /// A view that was folded before, up to `seq`; its state is that before the unknown event.
    package init(
        state: EndpointSet, tombstones: Tombstones, control: ControlStanding = .none,
        before unknownEvent: UnknownEvent, seq: Seq
    ) {
        precondition(
            state.seq == unknownEvent.lastKnown && unknownEvent.seq <= seq,
            "a state at \(state.seq) in a view at \(seq), before \(unknownEvent)")
        self.state = state
        self.tombstones = tombstones
        self.control = control
        self.seq = seq
        self.unknownEvent = unknownEvent
    }

    package var items: OrderedItems { state.items }
    package var digest: StateDigest { state.digest }
    package var count: Int { state.count }
    package var membership: MembershipStanding { control.membership }
    package var rights: RightsStanding { control.rights }

    /// What an event did. `previous` is the endpoint that lived under the key before: the item
    /// that a put replaced or a delete removed. (It is nil from an unknown event on.)
    package struct Change: Sendable {
        package var item: EncodedItem
        package var previous: EncodedItem?
    }

    package func item(forKey key: EndpointKey) -> EncodedItem? { state.item(forKey: key) }

    /// The seq of the key's last event, put or delete; 0 when it was never seen.
    package func lastSeq(of key: EndpointKey) -> Seq {
        if let item = item(forKey: key) { return item.seq }
        return tombstones.isEmpty ? .zero : tombstones[KeyFingerprint(key)] ?? .zero
    }

    /// Takes up the next event, or refuses it and stays as it is.
    @discardableResult
    package mutating func fold(_ item: EncodedItem) throws(FoldError) -> Change {
        guard item.seq == seq.next else {
            throw .seqUnexpected(found: item.seq, expected: seq.next)
        }
        let previous = unknownEvent == nil ? try change(by: item) : nil
        if item.kind == .control { control = control.followed(by: item) }
        seq = item.seq
        return Change(item: item, previous: previous)
    }

    private mutating func change(by item: EncodedItem) throws(FoldError) -> EncodedItem? {
        var previous: EncodedItem?
        switch item.kind {
        case .put: previous = try foldPut(item)
        case .delete: previous = try foldDelete(item)
        case .control:
            unknownEvent = UnknownEvent(item)
            guard unknownEvent == nil else { return nil }
        }
        state.advance(to: item.seq)
        return previous
    }

    private mutating func foldPut(_ item: EncodedItem) throws(FoldError) -> EncodedItem? {
        let place = items.place(of: item)
        if let live = items.item(at: place) {
            try item.checkFollows(live: live)
        } else {
            try tombstones.revive(item)
        }
        return state.put(item, at: place)
    }

    private mutating func foldDelete(_ item: EncodedItem) throws(FoldError) -> EncodedItem? {
        let place = items.place(of: item)
        guard let live = items.item(at: place) else {
            throw .deleteOfNothing(seq: item.seq, key: item.key)
        }
        try item.checkFollows(live: live)
        tombstones[KeyFingerprint(keyOf: item)] = item.seq
        return state.remove(at: place)
    }
}

extension Tombstones {
    /// A key that does not live comes: its last event, if any, was a delete.
    mutating func revive(_ item: EncodedItem) throws(FoldError) {
        // Most keys are new, and a fingerprint costs a hash.
        if isEmpty { return try item.checkPreviousSeq(is: .zero) }
        let fingerprint = KeyFingerprint(keyOf: item)
        let last = self[fingerprint] ?? .zero
        try item.checkPreviousSeq(is: last)
        if last > .zero { self[fingerprint] = nil }
    }
}

extension EncodedItem {
    /// Whether this event may follow the one whose item lives under its key.
    func checkFollows(live: EncodedItem) throws(FoldError) {
        try checkPreviousSeq(is: live.seq)
        guard uid == live.uid else {
            throw .uidChanged(seq: seq, key: key, liveSeq: live.seq)
        }
        guard kind == .delete || creationTime == live.creationTime else {
            throw .creationTimeChanged(seq: seq, key: key, liveSeq: live.seq)
        }
    }

    func checkPreviousSeq(is expected: Seq) throws(FoldError) {
        guard previousSeq == expected else {
            throw .previousSeqWrong(seq: seq, key: key, found: previousSeq, expected: expected)
        }
    }
}
