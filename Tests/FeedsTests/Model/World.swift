import EndpointModel
import EndpointState
import Feeds
import NIOCore
import SyncProtocol

/// A hub with its log, its subscribers and everything that the server does for it elsewhere, as
/// one value: any interleaving can be run, and each runs again from its seed.
struct World {
    /// Work that is underway on other threads, finished in any order.
    enum Job {
        case build(FeedID, EndpointSet)
        /// Of the catch-up with this number: the subscriber may have begun another since.
        case page(SubscriberID, catchUp: Int)
        case judge(JudgingRequest)
    }

    private(set) var log = ModelLog()
    private(set) var hub: FeedHub
    let limits: FeedLimits
    var connections: [SubscriberID: ModelConnection] = [:]
    private(set) var jobs: [Job] = []
    private var pagers: [SubscriberID: (number: Int, pager: CatchUpPager)] = [:]
    private var catchUpCount = 0
    private var nextID: UInt64 = 1
    private(set) var now: UInt64 = 0
    private(set) var seen = Seen()

    /// What happened, so that a test can say that it attacked something.
    struct Seen {
        var differences: [FeedDifference] = []
        var snapshotsCheaper = 0
        var catchUps: [CatchUpRequest.Form.Kind: Int] = [:]
        var largestWrite = 0
        var unknownEvents: [UnknownEvent] = []
        var turnedAway: [SubscriberID] = []
    }

    /// Small, so that every bound is met all the time.
    static var smallLimits: FeedLimits {
        var limits = FeedLimits()
        limits.frameBytes = 700
        limits.inFlightBytes = 1_500
        limits.ringBytes = 3_000
        limits.deltaEvents = 12
        limits.readsPerPage = 2
        limits.judgedPerPage = 5
        limits.idleFeedMilliseconds = 40
        limits.judgingPauses = 1
        return limits
    }

    init(limits: FeedLimits = World.smallLimits) {
        self.limits = limits
        hub = FeedHub(position: log.head, view: log.view, limits: limits)
    }

    // MARK: Commits

    mutating func commit(_ wishes: [ModelLog.Wish]) throws {
        try takeUp(wishes)
        try publish()
    }

    /// The feeds take the events up, and send nothing yet.
    mutating func takeUp(_ wishes: [ModelLog.Wish]) throws {
        guard let batch = try log.commit(wishes) else { return }
        hub.committed(batch)
    }

    mutating func publish() throws { try perform(hub.publish()) }

    /// The feeds are not told what stood before: what leaves a selection stays in its feed.
    mutating func commitForgettingRemovals(_ wishes: [ModelLog.Wish]) throws {
        guard let batch = try log.commit(wishes) else { return }
        let changes = batch.changes.map { change in
            var damaged = change
            damaged.previous = nil
            return damaged
        }
        hub.committed(
            CommittedBatch(records: batch.records, changes: changes, position: batch.position))
        try publish()
    }

    mutating func commitControl() throws {
        hub.committed(try log.commitControl(.ignorable, behind: []))
        try publish()
    }

    mutating func commitEpoch(before wishes: [ModelLog.Wish] = []) throws {
        hub.committed(try log.commitEpoch(before: wishes))
        try publish()
    }

    /// What this version has no rule for, in one commit with others before it.
    mutating func commitUnknown(behind wishes: [ModelLog.Wish]) throws {
        hub.committed(try log.commitControl(.critical, behind: wishes))
        try publish()
    }

    // MARK: Subscribers

    /// - Parameter start: As the server would judge what is held.
    @discardableResult
    mutating func subscribe(_ held: HeldState, start: SubscriptionStart) throws -> SubscriberID {
        let id = makeID()
        var hello = ClientHello(role: .state, client: "model", actor: "model")
        switch start {
        case .snapshot(.noToken): break
        case .snapshot, .resume: hello.resume = held.token
        case .cursor:
            hello.resume = held.token
            hello.cursor = held.cursor
        }
        connections[id] = try ModelConnection(
            id: id, subject: .state(held), start: start, hello: hello, head: log.head)
        try perform(hub.subscribe(id, to: held.selection, held.form, start: start))
        return id
    }

    @discardableResult
    mutating func subscribeNew(_ selection: Selection, _ form: DeltaForm = .items) throws
        -> SubscriberID
    {
        try subscribe(HeldState(selection: selection, form: form), start: .snapshot(.noToken))
    }

    @discardableResult
    mutating func subscribeToLog(from held: Position) throws -> SubscriberID {
        let id = makeID()
        var hello = ClientHello(role: .log, client: "model", actor: "model")
        if held.seq > .zero { hello.resume = ResumeToken(position: held) }
        connections[id] = try ModelConnection(
            id: id, subject: .log(from: held, staged: [], held: held), start: nil, hello: hello,
            head: log.head)
        try perform(hub.subscribeToLog(id, held: held))
        return id
    }

    /// The connection breaks; what its subscriber keeps.
    mutating func cut(_ id: SubscriberID) throws -> ModelConnection.Subject? {
        guard let connection = connections.removeValue(forKey: id) else { return nil }
        try perform(hub.unsubscribe(id, at: now))
        guard case .state(var held) = connection.subject else { return connection.subject }
        held.connectionEnded()
        return .state(held)
    }

    /// Rights have changed: the subscriber is given another selection from here on.
    mutating func move(_ id: SubscriberID, to selection: Selection) throws {
        connections[id]?.move(to: selection)
        try perform(hub.move(id, to: selection, at: now))
    }

    private mutating func makeID() -> SubscriberID {
        defer { nextID += 1 }
        return SubscriberID(rawValue: nextID)
    }

    // MARK: Sockets

    mutating func drain(_ id: SubscriberID, atMost byteCount: Int = .max) throws {
        guard var connection = connections[id], case .drains = connection.socket else { return }
        let taken = min(byteCount, connection.inFlightBytes)
        guard taken > 0 else { return }
        connections[id] = nil
        try connection.take(taken, log)
        connections[id] = connection
        try perform(hub.flushed(id, byteCount: taken))
    }

    // MARK: Elsewhere

    /// Finishes the job at `index`: a gathering of members, a page from the log, or a scan.
    mutating func finishJob(at index: Int, eventsPerRead: UInt64 = 3) throws {
        switch jobs.remove(at: index) {
        case .build(let id, let members): try perform(hub.feedBuilt(id, members: members))
        case .page(let id, let number):
            guard var pager = pagers[id]?.pager, pagers[id]?.number == number else { return }
            let page = try pager.nextPage(ModelEvents(log: log, eventsPerRead: eventsPerRead))
            switch page {
            case .frames: pagers[id]?.pager = pager
            case .last, .records: pagers[id] = nil
            case .snapshotIsCheaper:
                pagers[id] = nil
                seen.snapshotsCheaper += 1
            }
            try perform(hub.pageMade(id, page))
        case .judge(let request): try perform(hub.feedJudged(request.judge(), at: now))
        }
    }

    /// Finishes the scan at `index` with the verdict that the feed lacks an endpoint.
    mutating func accuse(at index: Int) throws {
        guard case .judge(let request) = jobs[index] else { return }
        jobs.remove(at: index)
        let truth = request.judge()
        var digest = truth.selected.digest
        digest.add(.of([1]))
        let verdict = FeedVerdict(
            feed: truth.feed, seq: truth.seq,
            selected: Tally(digest: digest, count: truth.selected.count + 1), held: truth.held)
        try perform(hub.feedJudged(verdict, at: now))
    }

    mutating func markAlong(_ id: SubscriberID) throws { try perform(hub.markAlong(id)) }

    mutating func passTime(_ milliseconds: UInt64) throws {
        now += milliseconds
        try perform(hub.ticked(at: now))
    }

    /// Everything that can happen without a commit happens.
    mutating func settle() throws {
        try publish()
        var rounds = 0
        while !jobs.isEmpty || connections.values.contains(where: Self.canDrain) {
            rounds += 1
            guard rounds < 100_000 else { throw Violation("it never settles") }
            while !jobs.isEmpty { try finishJob(at: 0) }
            for id in connections.keys.sorted(by: { $0.rawValue < $1.rawValue }) { try drain(id) }
        }
    }

    private static func canDrain(_ connection: ModelConnection) -> Bool {
        if case .drains = connection.socket { connection.inFlightBytes > 0 } else { false }
    }

    // MARK: What the hub wants

    private mutating func perform(_ actions: [HubAction]) throws {
        for action in actions {
            switch action {
            case .write(let id, let buffer): try write(id, buffer)
            case .buildFeed(let id, let selection, let state):
                jobs.append(.build(id, selection.members(of: state)))
            case .startCatchUp(let id, let request):
                seen.catchUps[request.form.kind, default: 0] += 1
                catchUpCount += 1
                pagers[id] = (catchUpCount, CatchUpPager(request, limits: limits))
                jobs.append(.page(id, catchUp: catchUpCount))
            case .continueCatchUp(let id):
                guard let number = pagers[id]?.number else {
                    throw Violation("a page of a catch-up that was not begun")
                }
                jobs.append(.page(id, catchUp: number))
            case .endCatchUp(let id): pagers[id] = nil
            case .judgeFeed(let request): jobs.append(.judge(request))
            case .reportDifference(let difference): seen.differences.append(difference)
            case .reportUnknown(let event): seen.unknownEvents.append(event)
            case .turnAway(let id, _):
                // Whatever is underway for it may still come; its connection is over.
                connections[id] = nil
                seen.turnedAway.append(id)
            }
        }
    }

    /// Nothing is written for a subscriber that has enough in flight: the last write may pass the
    /// bound, and none follows it (G9). A page and its mark are one write here.
    private mutating func write(_ id: SubscriberID, _ buffer: ByteBuffer) throws {
        guard connections[id] != nil else { throw Violation("a write for one that has gone") }
        seen.largestWrite = max(seen.largestWrite, buffer.readableBytes)
        connections[id]?.write(buffer)
        let bound = limits.inFlightBytes + 2 * seen.largestWrite
        guard let inFlight = connections[id]?.inFlightBytes, inFlight <= bound else {
            throw Violation("more than \(bound) bytes are in flight (G9)")
        }
    }
}

extension CatchUpRequest.Form {
    enum Kind: CaseIterable {
        case deltas
        case netChange
        case afterSnapshot
        case records
    }

    var kind: Kind {
        switch self {
        case .deltas: .deltas
        case .netChange: .netChange
        case .afterSnapshot: .afterSnapshot
        case .records: .records
        }
    }
}
