internal import EndpointModel
internal import EndpointState
internal import NIOCore
internal import SyncProtocol

extension FeedHub {
    /// Gives the subscriber whatever brings it on, as long as its socket has room.
    mutating func advance(_ id: SubscriberID) {
        while let subscriber = subscribers[id],
            subscriber.inFlightBytes < limits.inFlightBytes
        {
            settle(subscriber)
            let goesOn =
                switch subscriber.phase {
                case .awaitingFeed(let start): leaveWaiting(subscriber, start)
                case .snapshot(let start, let after): sendChunk(subscriber, start, after)
                case .catchingUp(let request, let page): askForPage(subscriber, request, page)
                case .tail: sendFrame(subscriber)
                }
            guard goesOn == .goesOn else { return }
        }
    }

    /// Whoever is not at the tail is told of positions: what was taken up must be in the ring
    /// before.
    private mutating func settle(_ subscriber: Subscriber) {
        switch (subscriber.phase, subscriber.subject) {
        case (.tail, _), (_, .log): return
        case (_, .state(let feed)): makeFrame(of: feed)
        }
    }

    private enum Step {
        case goesOn
        case waits
    }

    private mutating func leaveWaiting(_ subscriber: Subscriber, _ start: SubscriptionStart) -> Step
    {
        guard let feed = feed(of: subscriber), feed.isLive else { return .waits }
        switch start {
        case .snapshot(let reason):
            startSnapshot(subscriber.id, how: reason.how, reason: reason.wire)
        case .cursor(let start, let lastKey):
            count(.snapshot)
            subscribers[subscriber.id]?.phase = .snapshot(start: start, after: lastKey)
            announce(subscriber.id, .snapshot, from: start, reason: .noToken, feed)
        case .resume(let held):
            subscribers[subscriber.id]?.held = held.seq
            if feed.ring.covers(held.seq) {
                resumeFromRing(subscriber.id, feed, held)
            } else {
                startCatchUp(subscriber.id, feed, from: held.seq, start: held)
            }
        }
        return .goesOn
    }

    /// Everything that the feed was touched by since is in the ring, or nothing was.
    private mutating func resumeFromRing(_ id: SubscriberID, _ feed: Feed, _ held: Position) {
        count(.deltas)
        subscribers[id]?.phase = .tail
        announce(id, .deltas, from: held, reason: .cheapest, feed)
    }

    private mutating func announce(
        _ id: SubscriberID, _ how: How, from start: Position, reason: ResyncReason, _ feed: Feed?
    ) {
        let resync = Resync(
            how: how, start: start, reason: reason, fingerprint: feed?.id.fingerprint)
        subscribers[id]?.how = how
        // Whoever begins anew is told anew when it has arrived.
        subscribers[id]?.arrival = .underway
        write(id, makeFrame(.resync(resync)))
    }

    mutating func startSnapshot(_ id: SubscriberID, how: How, reason: ResyncReason) {
        count(how)
        subscribers[id]?.phase = .snapshot(start: position, after: nil)
        announce(id, how, from: position, reason: reason, subscribers[id].flatMap(feed))
    }

    /// The next part of the selection in the order of keys, each item as it is now.
    private mutating func sendChunk(
        _ subscriber: Subscriber, _ start: Position, _ after: EndpointKey?
    ) -> Step {
        guard case .state(let id) = subscriber.subject, feeds[id]?.isLive == true else {
            return .waits
        }
        let state = state
        if let part = feeds[id]?.part(after: after, state: state, frames: frames) {
            if case .made = part.origin { counters.partsMade += 1 }
            subscribers[subscriber.id]?.phase = .snapshot(start: start, after: part.last)
            write(subscriber.id, part.frame)
        } else if let feed = feeds[id], let members = feed.members(in: state) {
            finishSnapshot(subscriber.id, feed, members, start)
        }
        return .goesOn
    }

    private mutating func finishSnapshot(
        _ id: SubscriberID, _ feed: Feed, _ members: EndpointSet, _ start: Position
    ) {
        if start.seq == position.seq {
            subscribers[id]?.phase = .tail
            arrive(id, Mark(arrivalAt: position, of: members))
        } else {
            begin(id, request(from: start.seq, .afterSnapshot, feed, members))
        }
    }

    private mutating func askForPage(
        _ subscriber: Subscriber, _ request: CatchUpRequest, _ page: Subscriber.PageState
    ) -> Step {
        guard page == .wanted else { return .waits }
        subscribers[subscriber.id]?.phase = .catchingUp(request, .underway)
        actions.append(.continueCatchUp(subscriber.id))
        return .waits
    }

    /// At the tail: every frame of the ring that the subscriber lacks, and once the word that it
    /// has reached the head.
    private mutating func sendFrame(_ subscriber: Subscriber) -> Step {
        switch subscriber.subject {
        case .log: sendRecords(subscriber)
        case .state: sendChanges(subscriber)
        }
    }

    private mutating func sendRecords(_ subscriber: Subscriber) -> Step {
        let id = subscriber.id
        guard subscriber.held < position.seq else {
            return greet(subscriber, Mark(position: position, sync: .inSync))
        }
        if logRing.covers(subscriber.held), logRing.head == subscriber.held,
            !pendingRecords.isEmpty
        {
            return .waits
        }
        // Records come without a repeat: a frame serves only who stands where it starts.
        guard logRing.covers(subscriber.held), let frame = logRing.frame(after: subscriber.held),
            frame.start == subscriber.held
        else {
            begin(id, recordsRequest(from: subscriber.held))
            return .waits
        }
        return send(frame, to: id)
    }

    private mutating func sendChanges(_ subscriber: Subscriber) -> Step {
        guard let feed = feed(of: subscriber), let members = feed.members(in: state) else {
            return .waits
        }
        guard feed.ring.covers(subscriber.held) else {
            startCatchUp(subscriber.id, feed, from: subscriber.held, start: nil)
            return .waits
        }
        guard let frame = feed.ring.frame(after: subscriber.held) else {
            // What waits will come in a frame, and the word of arrival behind it.
            if feed.hasPending { return .waits }
            return greet(subscriber, Mark(arrivalAt: position, of: members))
        }
        guard feed.serves(subscriber.held, by: frame) else {
            startCatchUp(subscriber.id, feed, from: subscriber.held, start: nil)
            return .waits
        }
        return send(frame, to: subscriber.id)
    }

    /// Nothing is left to send: the subscriber is told once that it has arrived.
    private mutating func greet(_ subscriber: Subscriber, _ mark: Mark) -> Step {
        if case .underway = subscriber.arrival { arrive(subscriber.id, mark) }
        return .waits
    }

    private mutating func arrive(_ id: SubscriberID, _ mark: Mark) {
        subscribers[id]?.arrival = .told
        subscribers[id]?.held = mark.seq
        write(id, makeFrame(.mark(mark)))
    }

    private mutating func send(_ frame: FrameRing.Frame, to id: SubscriberID) -> Step {
        subscribers[id]?.held = frame.mark
        write(id, frame.buffer)
        return .goesOn
    }

    /// The cheapest way forward for a subscriber that the ring has left behind: each event while
    /// they are few, else the net change, which gives way to a snapshot when it would be larger.
    private mutating func startCatchUp(
        _ id: SubscriberID, _ feed: Feed, from: Seq, start: Position?
    ) {
        makeFrame(of: feed.id)
        guard let members = feed.members(in: state) else { return }
        let eventCount = position.seq.rawValue - from.rawValue
        let form: CatchUpRequest.Form =
            eventCount <= limits.deltaEvents
            ? .deltas : .netChange(keyLimit: max(members.count, Int(limits.deltaEvents)))
        if let start {
            let how: How = form == .deltas ? .deltas : .netChange
            count(how)
            announce(id, how, from: start, reason: .cheapest, feed)
        }
        begin(id, request(from: from, form, feed, members))
    }

    private mutating func begin(_ id: SubscriberID, _ request: CatchUpRequest) {
        subscribers[id]?.phase = .catchingUp(request, .underway)
        actions.append(.startCatchUp(id, request))
    }

    private func request(
        from: Seq, _ form: CatchUpRequest.Form, _ feed: Feed, _ members: EndpointSet
    ) -> CatchUpRequest {
        CatchUpRequest(
            from: from, to: position, form: form, selection: feed.selection,
            digest: members.digest, count: members.count)
    }

    private func recordsRequest(from: Seq) -> CatchUpRequest {
        CatchUpRequest(
            from: from, to: position, form: .records, selection: .everything, digest: .empty,
            count: 0)
    }
}

extension SnapshotReason {
    fileprivate var how: How {
        switch self {
        case .noToken, .otherSelection, .digest: .snapshot
        case .otherLog, .otherHistory: .reset
        }
    }

    fileprivate var wire: ResyncReason {
        switch self {
        case .noToken: .noToken
        case .otherSelection: .otherSelection
        case .otherLog: .otherLog
        case .otherHistory: .otherHistory
        case .digest: .digest
        }
    }
}
