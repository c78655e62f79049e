internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import SyncProtocol

/// What a node does for those who subscribe.
extension NodeProcess {
    func subscribe(_ id: SubscriberID, _ selection: Selection, _ claim: PositionClaim) {
        if let event = hub.view.unknownEvent { return turnAway(id, event) }
        judge(claim, for: id) { $0.begin(id, selection, claim, $1) }
    }

    private func begin(
        _ id: SubscriberID, _ selection: Selection, _ claim: PositionClaim,
        _ standing: PositionStanding
    ) {
        guard let connection = connections[id.rawValue] else { return }
        // Rights have changed while the token was looked up.
        guard connection.access.given == selection else { return connection.subscribeAgain() }
        if standing.isWorthless, let rest = claim.withoutCursor {
            return subscribe(id, selection, rest)
        }
        let start: SubscriptionStart
        switch (standing, claim) {
        case (.none, _): start = .snapshot(.noToken)
        case (.otherLog, _): start = .snapshot(.otherLog)
        case (.otherHistory, _): start = .snapshot(.otherHistory)
        case (.otherSelection, _): start = .snapshot(.otherSelection)
        case (.ahead(let seq), _):
            ahead[id.rawValue] = seq
            return connection.wait(head: hub.position)
        case (.here(let position), .cursor(let cursor, _, _)):
            start = .cursor(start: position, lastKey: cursor.last)
        case (.here(let position), .token), (.here(let position), .nothing):
            start = .resume(position)
        }
        connection.subscribed()
        perform(hub.subscribe(id, to: selection, connection.form, start: start))
        connection.tellIfStale()
    }

    func subscribeToLog(_ id: SubscriberID, _ claim: PositionClaim) {
        judge(claim, for: id) { process, standing in
            guard let connection = process.connections[id.rawValue] else { return }
            switch standing {
            case .none: process.beginLog(id, held: .origin(of: process.hub.position.logID))
            case .here(let position): process.beginLog(id, held: position)
            case .ahead(let seq):
                process.ahead[id.rawValue] = seq
                connection.wait(head: process.hub.position)
            case .otherLog, .otherSelection: connection.refuse(.logOther, "")
            case .otherHistory: connection.refuse(.historyOther, "")
            }
        }
    }

    private func beginLog(_ id: SubscriberID, held: Position) {
        guard let connection = connections[id.rawValue], connection.access.allows(.replication)
        else { return }
        connection.subscribedToLog()
        noteStored(held.seq, by: connection)
        connection.tellPath()
        perform(hub.subscribeToLog(id, held: held))
        connection.tellIfStale()
    }

    /// A position is looked up on a reader's thread, as it were.
    private func judge(
        _ claim: PositionClaim, for id: SubscriberID,
        then: @escaping (NodeProcess, PositionStanding) -> Void
    ) {
        switch claim.standing(at: hub.position, role: role) {
        case .known(let standing): then(self, standing)
        case .look(let position):
            later(dice.between(10, 2_000)) { process in
                switch process.chain(at: position.seq) {
                case .success(let found):
                    then(process, claim.standing(of: position, chainThere: found))
                case .failure: process.connections[id.rawValue]?.refuse(.unavailable, "")
                }
            }
        }
    }

    func wakeThoseAhead(upTo seq: Seq) {
        let reached = ahead.filter { $0.value <= seq }.keys.sorted()
        for id in reached {
            ahead[id] = nil
            connections[id]?.subscribeAgain()
        }
    }

    /// As `ServingLoop` knows it: not while it catches up with what its upstream had when it was
    /// first heard, and has met none (G13).
    var knowsRights: Bool {
        guard role == .follower, hub.view.rights.rights == nil, let first = upstream?.firstHead
        else { return true }
        return hub.position.seq >= first
    }

    /// It is served when this node holds what its upstream had at first.
    func awaitRights(_ id: SubscriberID) {
        ahead[id.rawValue] = upstream?.firstHead ?? hub.position.seq
    }

    func rightsChanged() {
        for connection in sortedConnections { connection.rightsChanged() }
    }

    /// The subscription goes on with what its identity may hold now.
    func move(_ id: SubscriberID, to selection: Selection) {
        perform(hub.move(id, to: selection, at: world.timeline.milliseconds))
    }

    func flushed(_ id: SubscriberID, byteCount: Int) {
        perform(hub.flushed(id, byteCount: byteCount))
    }

    func markAlong(_ id: SubscriberID) { perform(hub.markAlong(id)) }

    // MARK: What the hub wants

    func perform(_ actions: [HubAction]) {
        for action in actions {
            switch action {
            case .write(let id, let buffer): connections[id.rawValue]?.write(feed: buffer)
            case .buildFeed(let id, let selection, let state):
                later(dice.between(10, 5_000)) {
                    $0.perform($0.hub.feedBuilt(id, members: selection.members(of: state)))
                }
            case .startCatchUp(let id, let request):
                let pager = Pager(CatchUpPager(request, limits: hub.limits))
                catchUps[id.rawValue] = pager
                makePage(id, pager)
            case .continueCatchUp(let id):
                if let pager = catchUps[id.rawValue] { makePage(id, pager) }
            case .endCatchUp(let id): catchUps[id.rawValue] = nil
            case .judgeFeed(let request):
                later(dice.between(10, 5_000)) {
                    let verdict = request.judge()
                    $0.perform($0.hub.feedJudged(verdict, at: $0.world.timeline.milliseconds))
                }
            case .reportDifference(let difference):
                world.history.feedDiffers(node, at: difference.seq)
            case .reportUnknown: break  // Nobody writes such an event here.
            case .turnAway(let id, let event): turnAway(id, event)
            }
        }
    }

    private func turnAway(_ id: SubscriberID, _ event: UnknownEvent) {
        connections[id.rawValue]?.refuse(.eventUnknown, event.what)
    }

    private func makePage(_ id: SubscriberID, _ pager: Pager) {
        later(dice.between(10, 5_000)) { process in
            // The subscriber may have begun another since.
            guard process.catchUps[id.rawValue] === pager else { return }
            switch process.page(pager) {
            case .success(let page):
                if page.isLast { process.catchUps[id.rawValue] = nil }
                process.perform(process.hub.pageMade(id, page))
            case .failure:
                process.catchUps[id.rawValue] = nil
                process.connections[id.rawValue]?.refuse(.unavailable, "")
            }
        }
    }
}

extension CatchUpPage {
    fileprivate var isLast: Bool {
        switch self {
        case .frames: false
        case .last, .records, .snapshotIsCheaper: true
        }
    }
}
