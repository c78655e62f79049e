package import EndpointModel
package import EndpointState
internal import NIOCore
package import SyncProtocol

/// All feeds of a node and their subscribers, as one value: commits and socket events go in,
/// writes and work to be done elsewhere come out.
///
/// Work is done once per event and feed: a batch becomes one compressed frame in the ring of
/// each feed that it touches, and every subscriber at the tail is written those same bytes. A
/// subscriber whose socket does not drain is a position and what is in flight, nothing more
/// (G9).
///
/// From a critical event of an unknown type on there are no feeds: the log goes on to those who
/// subscribe to it, and those who want a state are turned away (R19).
package struct FeedHub {
    /// Up to where this node's log is published.
    package private(set) var position: Position
    /// Everything, folded from what was published: the hub's own copy, which shares its items
    /// with the view that commits are checked against.
    package private(set) var view: EndpointView
    var feeds: [FeedID: Feed] = [:]
    private var router = FeedRouter()
    /// Feeds with changes that are in no frame yet.
    private var toPublish: [FeedID] = []
    /// How many feeds take patches: without any, none are made.
    private var patchFeeds = 0
    private(set) var logRing: FrameRing
    /// Committed, and in no frame yet.
    private(set) var pendingRecords: [EncodedRecord] = []
    var subscribers: [SubscriberID: Subscriber] = [:]
    private var logSubscribers: Set<SubscriberID> = []
    let frames: FrameMaker
    package let limits: FeedLimits
    package internal(set) var counters = FeedCounters()
    var judging = Judging.resting(until: 0)
    var actions: [HubAction] = []

    package init(position: Position, view: EndpointView, limits: FeedLimits = FeedLimits()) {
        precondition(view.seq == position.seq, "view at \(view.seq), log at \(position.seq)")
        self.position = position
        self.view = view
        self.limits = limits
        frames = FrameMaker(limits: limits)
        logRing = FrameRing(base: position.seq, byteLimit: limits.ringBytes)
    }

    // MARK: Commits

    /// The events of one commit, durable and folded: each feed that they touch takes them up.
    /// Nothing is sent before `publish`, so that under load many commits become one frame.
    package mutating func committed(_ batch: CommittedBatch) {
        precondition(
            batch.records.first?.seq == position.seq.next,
            "batch from \(batch.records.first?.seq ?? .zero) behind \(position.seq)")
        // A control event may end what is served: what waits before it goes out.
        if batch.changes.contains(where: { $0.item.kind == .control }) { sendPending() }
        let wasKnown = view.unknownEvent == nil
        let form: DeltaForm = patchFeeds > 0 ? .patches : .items
        for change in batch.changes {
            fold(change.item)
            take(FeedEvent(change, form))
        }
        position = batch.position
        counters.events += UInt64(batch.records.count)
        if !logSubscribers.isEmpty { pendingRecords += batch.records }
        if wasKnown, let event = view.unknownEvent { endFeeds(at: event) }
    }

    /// Nobody is told of the batch that brought the event, nor of what follows.
    private mutating func endFeeds(at event: UnknownEvent) {
        actions.append(.reportUnknown(event))
        for (id, subscriber) in subscribers {
            guard case .state = subscriber.subject else { continue }
            if case .catchingUp = subscriber.phase { actions.append(.endCatchUp(id)) }
            subscribers[id] = nil
            actions.append(.turnAway(id, event))
        }
        for feed in feeds.values { dropFeed(feed) }
        toPublish = []
    }

    private mutating func take(_ event: FeedEvent) {
        router.forEachFeed(touchedBy: event.change) { id in
            switch feeds[id]?.take(event) {
            case nil, .asked: break
            case .untouched, .further: counters.questions += 1
            case .first:
                counters.questions += 1
                toPublish.append(id)
            }
        }
    }

    /// Makes the frames of all that was taken up, one for each feed, and gives them to those who
    /// are at the tail.
    package mutating func publish() -> [HubAction] {
        sendPending()
        return takeActions()
    }

    private mutating func sendPending() {
        publishRecords()
        let ids = toPublish
        toPublish = []
        for id in ids {
            makeFrame(of: id)
            advanceSubscribers(of: id)
        }
    }

    /// Whether anything waits for `publish`.
    package var hasPending: Bool {
        !toPublish.isEmpty || !pendingRecords.isEmpty || !actions.isEmpty
    }

    /// The committer has folded the same event into the same view before.
    private mutating func fold(_ item: EncodedItem) {
        do { try view.fold(item) } catch {
            preconditionFailure("a durable event does not fold: \(error)")
        }
    }

    /// All endpoints as they stand at `position`.
    package var state: EndpointSet { view.state }

    private mutating func publishRecords() {
        guard !logSubscribers.isEmpty else {
            pendingRecords = []
            return
        }
        guard let first = pendingRecords.first?.seq else { return }
        let records = pendingRecords
        pendingRecords = []
        let buffer = frames.records(records, mark: Mark(position: position))
        logRing.append(buffer, from: first, mark: position.seq)
        counters.framesEncoded += 1
        for id in logSubscribers { advance(id) }
    }

    /// Of what waits, if anything does.
    mutating func makeFrame(of id: FeedID) {
        let state = state
        guard feeds[id]?.publish(at: position, state: state, frames: frames) == true else {
            return
        }
        counters.framesEncoded += 1
    }

    /// Most stand at the end of the ring with room in their sockets: the newest frame is all that
    /// they lack, and nothing else is looked at.
    private mutating func advanceSubscribers(of id: FeedID) {
        guard let feed = feeds[id] else { return }
        let newest = feed.ring.newest
        for id in feed.subscribers {
            if let newest, give(newest, to: id) { continue }
            advance(id)
        }
    }

    /// False when that is not all that the subscriber lacks, or it has no room.
    private mutating func give(_ frame: FrameRing.Frame, to id: SubscriberID) -> Bool {
        guard let place = subscribers.index(forKey: id),
            subscribers.values[place].takeNewest(frame, inFlightLimit: limits.inFlightBytes)
        else { return false }
        note(.write(id, frame.buffer), byteCount: frame.buffer.readableBytes)
        return true
    }

    // MARK: Subscribers

    /// A state subscriber comes, with what its token turned out to be worth.
    package mutating func subscribe(
        _ id: SubscriberID, to selection: Selection, _ form: DeltaForm, start: SubscriptionStart
    ) -> [HubAction] {
        if let event = view.unknownEvent { return [.turnAway(id, event)] }
        let feedID = FeedID(selection, form)
        join(feedID, selection, id)
        subscribers[id] = Subscriber(
            id: id, subject: .state(feedID), phase: .awaitingFeed(start), held: .zero)
        advance(id)
        return takeActions()
    }

    private mutating func makeFeed(_ id: FeedID, _ selection: Selection) {
        let feed = Feed(id, selection: selection, at: position, limits: limits)
        feeds[id] = feed
        router.insert(id, of: selection)
        if case .patches = id.form { patchFeeds += 1 }
        counters.feedsBuilt += 1
        guard !feed.isLive else { return }
        actions.append(.buildFeed(id, selection: selection, state: state))
    }

    private mutating func dropFeed(_ feed: Feed) {
        feeds[feed.id] = nil
        router.remove(feed.id, of: feed.selection)
        if case .patches = feed.id.form { patchFeeds -= 1 }
    }

    /// The subscriber is given another selection from here on: its rights have changed. What it
    /// lacks of that, and what it may not hold any more, a snapshot tells it.
    package mutating func move(
        _ id: SubscriberID, to selection: Selection, at milliseconds: UInt64
    ) -> [HubAction] {
        guard let subscriber = subscribers[id], case .state(let old) = subscriber.subject else {
            return []
        }
        let feedID = FeedID(selection, old.form)
        guard feedID != old else { return [] }
        if case .catchingUp = subscriber.phase { actions.append(.endCatchUp(id)) }
        leave(old, id, at: milliseconds)
        join(feedID, selection, id)
        subscribers[id] = subscriber.moved(to: feedID)
        advance(id)
        return takeActions()
    }

    private mutating func join(_ feed: FeedID, _ selection: Selection, _ id: SubscriberID) {
        if feeds[feed] == nil { makeFeed(feed, selection) }
        feeds[feed]?.subscribers.insert(id)
        feeds[feed]?.idleSince = nil
    }

    private mutating func leave(_ feed: FeedID, _ id: SubscriberID, at milliseconds: UInt64) {
        feeds[feed]?.subscribers.remove(id)
        if feeds[feed]?.subscribers.isEmpty == true { feeds[feed]?.idleSince = milliseconds }
    }

    /// A subscriber of the log comes; it holds everything up to `held`, which is on this
    /// history.
    package mutating func subscribeToLog(_ id: SubscriberID, held: Position) -> [HubAction] {
        if logSubscribers.isEmpty { forgetRecords() }
        logSubscribers.insert(id)
        subscribers[id] = Subscriber(id: id, subject: .log, phase: .tail, held: held.seq)
        counters.resyncs[.deltas, default: 0] += 1
        subscribers[id]?.how = .deltas
        write(id, frames.message(.resync(Resync(how: .deltas, start: held, reason: .cheapest))))
        advance(id)
        return takeActions()
    }

    package mutating func unsubscribe(_ id: SubscriberID, at milliseconds: UInt64) -> [HubAction] {
        guard let subscriber = subscribers.removeValue(forKey: id) else { return [] }
        if case .catchingUp = subscriber.phase { actions.append(.endCatchUp(id)) }
        switch subscriber.subject {
        case .log:
            logSubscribers.remove(id)
            if logSubscribers.isEmpty { forgetRecords() }
        case .state(let feed): leave(feed, id, at: milliseconds)
        }
        return takeActions()
    }

    /// Nobody is there to read what was gathered, and whoever comes begins behind it.
    private mutating func forgetRecords() {
        pendingRecords = []
        logRing = FrameRing(base: position.seq, byteLimit: limits.ringBytes)
    }

    /// The socket took this many bytes of what was written for the subscriber.
    package mutating func flushed(_ id: SubscriberID, byteCount: Int) -> [HubAction] {
        guard let place = subscribers.index(forKey: id) else { return [] }
        if subscribers.values[place].flushed(byteCount: byteCount, head: position.seq) == .lacks {
            advance(id)
        }
        return takeActions()
    }

    // MARK: Work done elsewhere

    /// The members of a selection as of the version that `buildFeed` was given.
    package mutating func feedBuilt(_ id: FeedID, members: EndpointSet) -> [HubAction] {
        guard feeds[id] != nil else { return [] }
        feeds[id]?.built(members)
        if let whole = feeds[id]?.giveBackState(at: position.seq) {
            view = EndpointView(
                state: whole, tombstones: view.tombstones, control: view.control)
        }
        makeFrame(of: id)
        advanceSubscribers(of: id)
        return takeActions()
    }

    package mutating func pageMade(_ id: SubscriberID, _ page: CatchUpPage) -> [HubAction] {
        guard let subscriber = subscribers[id],
            case .catchingUp(let request, .underway) = subscriber.phase
        else { return [] }
        switch page {
        case .frames(let buffer):
            subscribers[id]?.phase = .catchingUp(request, .wanted)
            write(id, buffer)
        case .last(let buffer): finishCatchUp(id, request, buffer)
        case .records(let buffer, let held):
            subscribers[id]?.held = held
            subscribers[id]?.phase = .tail
            write(id, buffer)
        case .snapshotIsCheaper: startSnapshot(id, how: .snapshot, reason: .cheapest)
        }
        advance(id)
        return takeActions()
    }

    private mutating func finishCatchUp(
        _ id: SubscriberID, _ request: CatchUpRequest, _ buffer: ByteBuffer
    ) {
        let mark = Mark(
            position: request.to, digest: request.digest, count: UInt64(request.count))
        subscribers[id]?.held = request.to.seq
        subscribers[id]?.phase = .tail
        write(id, buffer)
        write(id, frames.message(.mark(mark)))
    }

    // MARK: Time

    /// The subscriber has heard nothing for a ping interval. When its feed was not touched while
    /// the log moved on, it and all who share the feed are marked along.
    package mutating func markAlong(_ id: SubscriberID) -> [HubAction] {
        guard case .state(let feed)? = subscribers[id]?.subject else { return [] }
        let state = state
        if feeds[feed]?.appendMark(position, state: state, frames: frames) == true {
            advanceSubscribers(of: feed)
        }
        return takeActions()
    }

    /// Lets go of feeds that nobody came back to, and has the next one judged.
    package mutating func ticked(at milliseconds: UInt64) -> [HubAction] {
        for feed in feeds.values {
            guard let idleSince = feed.idleSince else { continue }
            if milliseconds >= idleSince &+ limits.idleFeedMilliseconds { dropFeed(feed) }
        }
        keepToBudget()
        judgeNext(at: milliseconds)
        return takeActions()
    }

    /// Frames that can be made again go first where most are kept: those of snapshots.
    private mutating func keepToBudget() {
        var total = keptBytes
        guard total > limits.keptBytes else { return }
        for feed in feeds.values.sorted(by: { $0.keptBytes > $1.keptBytes }) {
            feeds[feed.id]?.forgetChunks()
            total -= feed.keptBytes - (feeds[feed.id]?.keptBytes ?? 0)
            if total <= limits.keptBytes { return }
        }
    }

    /// What is kept to be sent again, by all feeds and for subscribers of the log.
    package var keptBytes: Int {
        feeds.values.reduce(logRing.byteCount) { $0 + $1.keptBytes }
    }

    // MARK: What is asked

    /// Nil for no subscriber of this hub.
    package func progress(of id: SubscriberID) -> SubscriberProgress? {
        subscribers[id].map { SubscriberProgress(held: $0.held, how: $0.how) }
    }

    // MARK: Inside

    func feed(of subscriber: Subscriber) -> Feed? {
        switch subscriber.subject {
        case .log: nil
        case .state(let id): feeds[id]
        }
    }

    mutating func write(_ id: SubscriberID, _ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        subscribers[id]?.inFlightBytes += buffer.readableBytes
        note(.write(id, buffer), byteCount: buffer.readableBytes)
    }

    private mutating func note(_ write: HubAction, byteCount: Int) {
        counters.bytesWritten += UInt64(byteCount)
        counters.writes += 1
        actions.append(write)
    }

    mutating func count(_ how: How) { counters.resyncs[how, default: 0] += 1 }

    mutating func makeFrame(_ message: ServerMessage) -> ByteBuffer { frames.message(message) }

    mutating func takeActions() -> [HubAction] {
        let taken = actions
        actions = []
        return taken
    }
}

/// What the hub has done since it was made; the server publishes it.
package struct FeedCounters: Sendable {
    package var events: UInt64 = 0
    /// Each is compressed once, whatever the number of its subscribers.
    package var framesEncoded: UInt64 = 0
    /// Parts of snapshots, as the frames above.
    package var partsMade: UInt64 = 0
    /// Events that a feed was asked about because a route led there.
    package var questions: UInt64 = 0
    package var writes: UInt64 = 0
    package var bytesWritten: UInt64 = 0
    package var feedsBuilt: UInt64 = 0
    package var resyncs: [How: UInt64] = [:]
    /// Feeds that were compared with a scan of the state, and those that were not equal to it:
    /// faults against G6.
    package var feedsJudged: UInt64 = 0
    package var feedDifferences: UInt64 = 0
}
