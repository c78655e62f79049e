internal import EndpointModel
internal import EndpointState
internal import SyncProtocol

/// The background judge: one feed at a time, the one that was judged longest ago, each compared
/// with a scan of the same version of the state (G6).
extension FeedHub {
    /// Asks for the next scan when none is underway and the pause behind the last is over. A
    /// feed that was judged at this seq is not judged again: at rest it costs nothing.
    mutating func judgeNext(at milliseconds: UInt64) {
        guard case .resting(let until) = judging, milliseconds >= until,
            let feed = feedToJudge, let members = feed.members(in: state)
        else { return }
        feeds[feed.id]?.judgedAt = position.seq
        let accused = Judging.Accused(
            feed: feed.id, selection: feed.selection, seq: position.seq,
            told: Tally(keptBy: members))
        judging = .underway(accused, since: milliseconds)
        actions.append(
            .judgeFeed(
                JudgingRequest(
                    feed: feed.id, selection: feed.selection, state: state,
                    members: members)))
    }

    private var feedToJudge: Feed? {
        feeds.values.filter { $0.isLive && $0.judgedAt < position.seq }
            .min { $0.judgedAt < $1.judgedAt }
    }

    /// The scan is done. What was committed meanwhile does not matter: the feed is compared as it
    /// stood at the seq of the scan.
    package mutating func feedJudged(_ verdict: FeedVerdict, at milliseconds: UInt64)
        -> [HubAction]
    {
        guard case .underway(let accused, let since) = judging,
            accused.feed == verdict.feed, accused.seq == verdict.seq
        else { preconditionFailure("a verdict at \(verdict.seq) that was not asked for") }
        let cost = milliseconds - min(since, milliseconds)
        judging = .resting(until: milliseconds + cost * limits.judgingPauses)
        counters.feedsJudged += 1
        if verdict.selected != accused.told || verdict.held != accused.told {
            condemn(accused, verdict)
        }
        return takeActions()
    }

    private mutating func condemn(_ accused: Judging.Accused, _ verdict: FeedVerdict) {
        counters.feedDifferences += 1
        actions.append(
            .reportDifference(
                FeedDifference(
                    selection: accused.selection, seq: accused.seq, told: accused.told,
                    verdict: verdict)))
        // One that has gone meanwhile, or is being gathered, begins anew anyway.
        guard let feed = feeds[accused.feed], feed.isLive else { return }
        feeds[accused.feed]?.beginAnew(at: position)
        for id in feed.subscribers { sendBack(id) }
        actions.append(
            .buildFeed(feed.id, selection: feed.selection, state: state))
    }

    /// What it was sent may be wrong, and what is on its way too: it takes a snapshot of the
    /// feed that is gathered anew.
    private mutating func sendBack(_ id: SubscriberID) {
        if case .catchingUp = subscribers[id]?.phase { actions.append(.endCatchUp(id)) }
        subscribers[id]?.phase = .awaitingFeed(.snapshot(.digest))
    }
}
