package import EndpointModel
package import EndpointState

/// What a subscriber that is behind needs from the log: the way from one position to another.
package struct CatchUpRequest: Sendable {
    package enum Form: Hashable, Sendable {
        /// Each event in order, as it concerned the selection.
        case deltas
        /// Each key with an event in between once, judged at both ends. When more keys are
        /// touched than `keyLimit`, a snapshot is cheaper and the request is given up.
        case netChange(keyLimit: Int)
        /// As net change, behind a snapshot whose items were read at any seq in between: a key
        /// that matched at any of them and matches no more is removed.
        case afterSnapshot
        /// Whole records, for a subscriber of the log.
        case records
    }

    package let from: Seq
    package let to: Position
    package let form: Form
    package let selection: Selection
    /// Of the selection at `to`.
    package let digest: StateDigest
    package let count: Int

    package init(
        from: Seq, to: Position, form: Form, selection: Selection, digest: StateDigest, count: Int
    ) {
        self.from = from
        self.to = to
        self.form = form
        self.selection = selection
        self.digest = digest
        self.count = count
    }
}

/// Judges single events for a selection.
package struct DeltaJudge {
    package let selection: Selection

    package init(selection: Selection) { self.selection = selection }

    /// What `item` means to a subscriber of the selection. `fetch` gives the item of an earlier
    /// event; it is asked only when the answer depends on it.
    package func change<Failure: Error>(
        of item: EncodedItem, fetch: (Seq) throws(Failure) -> EncodedItem
    ) throws(Failure) -> FeedChange? {
        switch item.kind {
        case .control: return nil
        case .put where selection.matches(item): return .put(item)
        case .put, .delete:
            guard item.previousSeq > .zero else { return nil }
            if selection.isEverything { return .removal(of: item) }
            return selection.matches(try fetch(item.previousSeq)) ? .removal(of: item) : nil
        }
    }

    /// The same where the item that stood before is at hand.
    package func change(_ change: EndpointView.Change) -> FeedChange? {
        switch change.item.kind {
        case .control: return nil
        case .put where selection.matches(change.item): return .put(change.item)
        case .put, .delete:
            guard let previous = change.previous, selection.matches(previous) else { return nil }
            return .removal(of: change.item)
        }
    }

    /// The same for a feed of the given form.
    func change(_ event: FeedEvent, _ form: DeltaForm) -> FeedChange? {
        guard case .put(let item)? = change(event.change) else { return change(event.change) }
        guard case .patches = form, let patch = event.patch, let before = event.change.previous,
            selection.matches(before)
        else { return .put(item) }
        return .patch(patch)
    }
}

/// Gathers the keys that events touched, and judges each at both ends.
///
/// Memory is bounded by the number of keys, not of events: items are fetched again when a key
/// is judged.
package struct NetChange {
    private struct Touch {
        /// The key's event before the range; 0 when there was none.
        let before: Seq
        var last: Seq
        var matchedBetween: Bool
    }

    package enum Noted: Hashable {
        case taken
        /// More keys than the limit.
        case tooManyKeys
    }

    private let selection: Selection
    private let form: CatchUpRequest.Form
    private var touches: [EndpointKey: Touch] = [:]
    private var pending: [Touch] = []

    package init(selection: Selection, form: CatchUpRequest.Form) {
        self.selection = selection
        self.form = form
    }

    /// Takes the next event of the range.
    ///
    /// An event that leaves its key as it was for the selection, not selected, is passed by, where
    /// the item before it is at hand: of thousands of events few concern a subscriber of one node,
    /// and a key that no event of the range concerns is the same at both ends.
    package mutating func note(_ item: EncodedItem, atHand: (Seq) -> EncodedItem?) -> Noted {
        guard item.kind != .control else { return .taken }
        let matched = selection.matches(item)
        if !matched, item.previousSeq == .zero { return .taken }
        if !matched, let before = atHand(item.previousSeq), !selection.matches(before) {
            return .taken
        }
        let isBetween = form == .afterSnapshot && matched
        let key = item.key
        if var touch = touches[key] {
            touch.last = item.seq
            touch.matchedBetween = touch.matchedBetween || isBetween
            touches[key] = touch
            return .taken
        }
        if case .netChange(let keyLimit) = form, touches.count >= keyLimit {
            return .tooManyKeys
        }
        touches[key] = Touch(before: item.previousSeq, last: item.seq, matchedBetween: isBetween)
        return .taken
    }

    package var keyCount: Int { touches.count }

    /// All events are noted; the keys will be judged in the order of their last events, which is
    /// the order in which the log can be read fastest.
    package mutating func finishNoting() {
        pending = touches.values.sorted { $0.last > $1.last }
        touches = [:]
    }

    package enum Judged {
        case changed(FeedChange)
        /// At neither end selected, or never the subscriber's: nothing that it may learn of.
        case unchanged
        case allJudged
    }

    /// Judges the next key.
    package mutating func judgeNext<Failure: Error>(
        fetch: (Seq) throws(Failure) -> EncodedItem
    ) throws(Failure) -> Judged {
        guard let touch = pending.popLast() else { return .allJudged }
        let item = try fetch(touch.last)
        if selection.matches(item) { return .changed(.put(item)) }
        if touch.matchedBetween { return .changed(.removal(of: item)) }
        guard touch.before > .zero, selection.matches(try fetch(touch.before)) else {
            return .unchanged
        }
        return .changed(.removal(of: item))
    }
}
