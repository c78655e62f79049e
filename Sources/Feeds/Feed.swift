internal import EndpointModel
internal import EndpointState
internal import NIOCore
internal import SyncProtocol

/// The stream of one selection in one form, shared by all its subscribers: what the selection
/// holds now, its digest, the recent frames, and what waits to become the next.
struct Feed {
    enum Content {
        /// Being gathered from a pinned version of the state; the events that were committed
        /// since wait here.
        case building(since: Seq, waiting: [FeedEvent])
        case live(Members)
    }

    /// What the selection holds.
    enum Members {
        /// All endpoints: the hub's own state, which this feed does not repeat.
        case everything
        case some(EndpointSet)
    }

    let id: FeedID
    let selection: Selection
    private(set) var content: Content
    private(set) var ring: FrameRing
    /// Taken up, and in no frame yet: under load many commits become one frame.
    private var pending: [FeedChange] = []
    private var chunks = SnapshotChunks()
    var subscribers: Set<SubscriberID> = []
    /// When the last subscriber left; nil while there are some.
    var idleSince: UInt64?
    /// The seq at which a scan of the state last said what this feed holds.
    var judgedAt: Seq
    /// The epoch at the ring's head: whoever is given its next frame is in it.
    private var epoch: Epoch
    /// The last event that was taken up: routes may lead to one feed twice.
    private var lastSeq: Seq
    private let judge: DeltaJudge
    private let limits: FeedLimits

    /// The feed of all endpoints is live at once.
    init(_ id: FeedID, selection: Selection, at position: Position, limits: FeedLimits) {
        self.id = id
        self.selection = selection
        self.limits = limits
        judge = DeltaJudge(selection: selection)
        ring = FrameRing(base: position.seq, byteLimit: limits.ringBytes)
        epoch = position.epoch
        judgedAt = position.seq
        lastSeq = position.seq
        content =
            selection.isEverything
            ? .live(.everything) : .building(since: position.seq, waiting: [])
    }

    var isLive: Bool {
        switch content {
        case .live: true
        case .building: false
        }
    }

    /// Whether changes wait that are in no frame yet.
    var hasPending: Bool { !pending.isEmpty }

    /// The bytes that it keeps to be sent again.
    var keptBytes: Int { ring.byteCount + chunks.byteCount }

    /// The selection's endpoints, out of the hub's state where that is the same.
    func members(in state: EndpointSet) -> EndpointSet? {
        switch content {
        case .building: nil
        case .live(.everything): state
        case .live(.some(let own)): own
        }
    }

    // MARK: Events

    /// What came of an event.
    enum Taken {
        /// It has been taken up before.
        case asked
        case untouched
        /// The first change since the last frame.
        case first
        case further
    }

    /// Takes up an event, once.
    mutating func take(_ event: FeedEvent) -> Taken {
        guard event.change.item.seq > lastSeq else { return .asked }
        lastSeq = event.change.item.seq
        switch content {
        case .building(let since, var waiting):
            content = .live(.everything)  // lets `waiting` grow in place
            waiting.append(event)
            content = .building(since: since, waiting: waiting)
            return .untouched
        case .live:
            guard let change = judge.change(event, id.form) else { return .untouched }
            return take(change)
        }
    }

    private mutating func take(_ change: FeedChange) -> Taken {
        if case .live(.some(var own)) = content {
            content = .live(.everything)  // lets `own` change in place
            own.take(change)
            content = .live(.some(own))
        }
        chunks.touch(change.item)
        pending.append(change)
        return pending.count == 1 ? .first : .further
    }

    /// Makes a frame of what waits; false when nothing does.
    mutating func publish(at position: Position, state: EndpointSet, frames: FrameMaker) -> Bool {
        guard let first = pending.first?.item.seq, let members = members(in: state) else {
            return false
        }
        advance(to: position.seq)
        let mark = ringMark(position, of: members)
        ring.append(frames.changes(pending, mark: mark), from: first, mark: position.seq)
        pending.removeAll(keepingCapacity: pending.count <= Self.keptCapacity)
        return true
    }

    private static let keptCapacity = 256

    /// Says nothing that whoever is given the frame has been told before: in which log and epoch
    /// it is, and how many endpoints there are, which the digest proves.
    private mutating func ringMark(_ position: Position, of members: EndpointSet) -> Mark {
        let place: Mark.Place =
            position.epoch == epoch
            ? .step(position.seq, chain: position.chain) : .position(position)
        epoch = position.epoch
        return Mark(place: place, digest: members.digest)
    }

    /// Its members are complete up to here.
    private mutating func advance(to seq: Seq) {
        guard case .live(.some(var own)) = content else { return }
        content = .live(.everything)  // keeps `own` from being copied
        own.advance(to: seq)
        content = .live(.some(own))
    }

    // MARK: Members

    /// The gathered members stand; what was committed meanwhile is folded in. Members of another
    /// version were gathered for an earlier feed of this selection, which has gone since.
    mutating func built(_ members: EndpointSet) {
        guard case .building(let since, let waiting) = content, members.seq == since else {
            return
        }
        content = .live(.some(members))
        for event in waiting {
            if let change = judge.change(event, id.form) { _ = take(change) }
        }
    }

    /// What it holds is not what it should: the members are to be gathered from the state at
    /// `seq`, and no frame is kept.
    mutating func beginAnew(at position: Position) {
        content = .building(since: position.seq, waiting: [])
        ring = FrameRing(base: position.seq, byteLimit: limits.ringBytes)
        epoch = position.epoch
        pending = []
        chunks.forgetAll()
        judgedAt = position.seq
    }

    /// All endpoints as they were gathered anew: the hub takes them for its own, and the feed
    /// repeats nothing. Nil for other feeds and at other times.
    mutating func giveBackState(at seq: Seq) -> EndpointSet? {
        guard selection.isEverything, case .live(.some(var whole)) = content else { return nil }
        content = .live(.everything)
        whole.advance(to: seq)
        return whole
    }

    // MARK: What is sent

    /// The frame that brings a subscriber on from `seq`; nil when it has all.
    ///
    /// - Precondition: the ring covers `seq`.
    func frame(after seq: Seq) -> FrameRing.Frame? { ring.frame(after: seq) }

    /// Whether the frame can be taken by one that holds `seq`: a patch fits nothing but what it
    /// was made against, an item fits everywhere.
    func serves(_ seq: Seq, by frame: FrameRing.Frame) -> Bool {
        switch id.form {
        case .items: true
        case .patches: seq < frame.firstChange
        }
    }

    /// The next part of a snapshot behind `key`; nil behind the last.
    mutating func part(
        after key: EndpointKey?, state: EndpointSet, frames: FrameMaker
    ) -> SnapshotChunks.Part? {
        guard let members = members(in: state) else { return nil }
        // One subscriber's chunks would be kept for nobody.
        let isShared = selection.isEverything || subscribers.count > 1
        return chunks.part(
            after: key, of: members, limit: limits.frameBytes, isShared ? .frames : .nothing
        ) { frames.changes($0, mark: nil) }
    }

    /// Lets go of what can be made again.
    mutating func forgetChunks() { chunks.forgetAll() }

    /// A mark without changes, for a feed that was not touched: its subscribers move on to
    /// `position`.
    mutating func appendMark(_ position: Position, state: EndpointSet, frames: FrameMaker)
        -> Bool
    {
        guard isLive, !hasPending, ring.head < position.seq, let members = members(in: state)
        else { return false }
        let mark = ringMark(position, of: members)
        ring.append(frames.changes([], mark: mark), from: nil, mark: position.seq)
        return true
    }
}

extension EndpointSet {
    mutating func take(_ change: FeedChange) {
        switch change {
        case .put(let item): put(item)
        case .patch(let patched): put(patched.item)
        case .removal(let item): remove(keyOf: item)
        }
    }
}

extension Mark {
    /// To one subscriber alone, that it has arrived.
    init(arrivalAt position: Position, of members: EndpointSet) {
        self.init(
            position: position, digest: members.digest, count: UInt64(members.count), sync: .inSync)
    }
}
