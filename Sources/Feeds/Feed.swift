internal import EndpointModel
internal import EndpointState
internal import NIOCore
internal import SyncProtocol

/// The stream of one selection, shared by all its subscribers: what the selection holds now, its
/// digest, and the recent frames.
struct Feed {
    enum Content {
        /// Being gathered from a pinned version of the state; the batches that were committed
        /// since wait here.
        case building(since: Seq, waiting: [CommittedBatch])
        case live(Members)
    }

    /// What the selection holds.
    enum Members {
        /// All endpoints: the hub's own state, which this feed does not repeat.
        case everything
        case some(EndpointSet)
    }

    let selection: Selection
    let fingerprint: Hash256
    private(set) var content: Content
    private(set) var ring: FrameRing
    var subscribers: Set<SubscriberID> = []
    /// When the last subscriber left; nil while there are some.
    var idleSince: UInt64?
    /// The seq at which a scan of the state last said what this feed holds.
    var judgedAt: Seq
    private let judge: DeltaJudge
    private let limits: FeedLimits

    /// The feed of all endpoints is live at once.
    init(selection: Selection, at seq: Seq, limits: FeedLimits) {
        self.selection = selection
        self.limits = limits
        fingerprint = selection.fingerprint
        judge = DeltaJudge(selection: selection)
        ring = FrameRing(base: seq, byteLimit: limits.ringBytes)
        judgedAt = seq
        content =
            selection.isEverything ? .live(.everything) : .building(since: seq, waiting: [])
    }

    var isLive: Bool {
        switch content {
        case .live: true
        case .building: false
        }
    }

    /// The selection's endpoints, out of the hub's state where that is the same.
    func members(in state: EndpointSet) -> EndpointSet? {
        switch content {
        case .building: nil
        case .live(.everything): state
        case .live(.some(let own)): own
        }
    }

    /// Whether the batch touched the feed; if so its frames are in the ring.
    mutating func take(_ batch: CommittedBatch, state: EndpointSet, frames: FrameMaker)
        -> Bool
    {
        switch content {
        case .building(let since, var waiting):
            content = .live(.everything)  // lets `waiting` grow in place
            waiting.append(batch)
            content = .building(since: since, waiting: waiting)
            return false
        case .live(.everything):
            let changes = batch.changes.compactMap { judge.change($0) }
            return publish(changes, at: batch.position, members: state, frames: frames)
        case .live(.some(var own)):
            let changes = batch.changes.compactMap { judge.change($0) }
            guard !changes.isEmpty else { return false }
            content = .live(.everything)  // lets `own` change in place
            for change in changes { own.take(change) }
            own.advance(to: batch.position.seq)
            content = .live(.some(own))
            return publish(changes, at: batch.position, members: own, frames: frames)
        }
    }

    /// The gathered members stand; what was committed meanwhile is folded in. Members of another
    /// version were gathered for an earlier feed of this selection, which has gone since.
    mutating func built(
        _ members: EndpointSet, state: EndpointSet, frames: FrameMaker
    ) {
        guard case .building(let since, let waiting) = content, members.seq == since else {
            return
        }
        content = .live(.some(members))
        for batch in waiting { _ = take(batch, state: state, frames: frames) }
    }

    /// What it holds is not what it should: the members are to be gathered from the state at
    /// `seq`, and no frame is kept.
    mutating func beginAnew(at seq: Seq) {
        content = .building(since: seq, waiting: [])
        ring = FrameRing(base: seq, byteLimit: limits.ringBytes)
        judgedAt = seq
    }

    /// All endpoints as they were gathered anew: the hub takes them for its own, and the feed
    /// repeats nothing. Nil for other feeds and at other times.
    mutating func giveBackState(at seq: Seq) -> EndpointSet? {
        guard selection.isEverything, case .live(.some(var whole)) = content else { return nil }
        content = .live(.everything)
        whole.advance(to: seq)
        return whole
    }

    /// A mark without changes, for a feed that was not touched: its subscribers move on to
    /// `position`.
    mutating func appendMark(_ position: Position, state: EndpointSet, frames: FrameMaker)
        -> Bool
    {
        guard isLive, ring.head < position.seq, let members = members(in: state) else {
            return false
        }
        let mark = Mark(at: position, of: members, sync: .more)
        ring.append(frames.changes([], mark: mark), mark: position.seq)
        return true
    }

    /// One frame a batch, unless it is too large for one: then the mark ends the last.
    private mutating func publish(
        _ changes: [FeedChange], at position: Position, members: EndpointSet,
        frames: FrameMaker
    ) -> Bool {
        guard !changes.isEmpty else { return false }
        let mark = Mark(at: position, of: members, sync: .more)
        ring.append(frames.changes(changes, mark: mark), mark: position.seq)
        return true
    }
}

extension EndpointSet {
    mutating func take(_ change: FeedChange) {
        switch change {
        case .put(let item): put(item)
        case .removal(let item): remove(keyOf: item)
        }
    }
}

extension Mark {
    /// Frames of a ring never say "in sync": whoever takes one later may not be.
    init(at position: Position, of members: EndpointSet, sync: SyncState) {
        self.init(
            position: position, digest: members.digest, count: UInt64(members.count), sync: sync)
    }
}
