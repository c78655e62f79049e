package import EndpointModel
package import EndpointState

/// What the views file does not hold yet: for each key touched since the last write, its last
/// event alone. However long a write is put off, this is never larger than the state is.
package struct PendingChanges: Sendable {
    /// The last event of each key touched, a put or a delete.
    private var touched = Self.nothing
    /// The tombstones that the file holds of the keys touched.
    private(set) var tombstonesBefore: [KeyFingerprint: Seq] = [:]
    /// Where these changes lead from the file's position.
    package private(set) var position: Position
    package private(set) var digest: StateDigest
    private(set) var liveCount: Int
    private(set) var deadCount: Int
    /// From it on nothing is taken up but positions: see `EndpointView`.
    private(set) var unknownEvent: UnknownEvent?
    private(set) var control: ControlStanding
    /// Where the file ends.
    private var written: Seq

    /// How many events the file lacks, which the next start would have to fold: of one key too,
    /// and however many starts ago they came.
    package var eventsBehind: UInt64 { position.seq.rawValue - written.rawValue }

    /// In their order, which is made when it is asked for: a write takes it once, and a search for
    /// the place of each change as it comes would cost more than the rest of what is done for it.
    package var itemsInKeyOrder: [EncodedItem] {
        touched.items.sorted { $0.compareKey(to: $1) < 0 }
    }

    private static let nothing = KeyTable(shardBits: 4)

    /// Nothing yet: the file holds this view.
    package init(after view: PositionedView) {
        position = view.position
        written = view.position.seq
        digest = view.view.digest
        liveCount = view.view.count
        deadCount = view.view.tombstones.count
        unknownEvent = view.view.unknownEvent
        control = view.view.control
    }

    /// Takes up what an event did; `position` is behind it, or behind the batch that it is of.
    /// Digest and counts follow from the changes: no view is needed here.
    package mutating func add(_ change: EndpointView.Change, at position: Position) {
        self.position = position
        if change.item.kind == .control { control = control.followed(by: change.item) }
        guard unknownEvent == nil else { return }
        switch change.item.kind {
        case .control:
            unknownEvent = UnknownEvent(change.item)
            return
        case .put:
            digest.add(change.item.hash)
            if change.previous == nil {
                liveCount += 1
                if change.item.previousSeq > .zero { deadCount -= 1 }
            }
        case .delete:
            liveCount -= 1
            deadCount += 1
        }
        if let previous = change.previous { digest.subtract(previous.hash) }
        let isFirst = touched.put(change.item) == nil
        // A key that had died before it was touched: its tombstone is in the file and must go.
        if isFirst, change.previous == nil, change.item.previousSeq > .zero {
            tombstonesBefore[KeyFingerprint(keyOf: change.item)] = change.item.previousSeq
        }
    }

    /// Forgets what has been written.
    package mutating func clear() {
        touched = Self.nothing
        tombstonesBefore = [:]
        written = position.seq
    }
}
