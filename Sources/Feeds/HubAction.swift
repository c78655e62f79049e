package import EndpointModel
package import EndpointState
package import NIOCore

/// What the hub wants done; the server does it and has no opinion.
package enum HubAction: Sendable {
    /// Writes the bytes to the subscriber's connection and flushes; `flushed` says when they are
    /// gone.
    case write(SubscriberID, ByteBuffer)
    /// Gathers the selection's members out of the pinned state, elsewhere; `feedBuilt` takes
    /// them.
    case buildFeed(FeedID, selection: Selection, state: EndpointSet)
    /// Reads the log, elsewhere; `pageMade` takes the first page.
    case startCatchUp(SubscriberID, CatchUpRequest)
    /// Makes the next page of what was started.
    case continueCatchUp(SubscriberID)
    /// Whatever was started for this subscriber is not wanted any more.
    case endCatchUp(SubscriberID)
    /// Judges a feed by a scan, elsewhere; `feedJudged` takes the verdict.
    case judgeFeed(JudgingRequest)
    /// People must know of it.
    case reportDifference(FeedDifference)
    /// States are told to nobody any more: people must know of it, once.
    case reportUnknown(UnknownEvent)
    /// Nothing can be told to this subscriber of a state here, and the hub has forgotten it: it is
    /// told why, and where to go.
    case turnAway(SubscriberID, UnknownEvent)
}

/// One page of a catch-up, made from the log.
package enum CatchUpPage: Sendable {
    /// Frames without a mark; more follow.
    case frames(ByteBuffer)
    /// The last frames, without the mark, which is the hub's to add.
    case last(ByteBuffer)
    /// A snapshot costs less.
    case snapshotIsCheaper
    /// The last frames of a log subscriber's page, with their mark; `held` is its seq.
    case records(ByteBuffer, held: Seq)
}
