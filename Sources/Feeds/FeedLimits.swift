/// The bounds of feeds and their subscribers, each with its reason.
package struct FeedLimits: Sendable {
    /// A delta or snapshot frame is cut at this many bytes of body, at an item's boundary: large
    /// enough to compress well and to be written in one go, small enough that an answer behind
    /// it waits for a millisecond only.
    package var frameBytes = 256 << 10
    /// What one subscriber may have written and not yet flushed. Beyond it nothing is written
    /// for it until its socket drains: a stuck peer costs this much and no more (G9).
    package var inFlightBytes = 512 << 10
    /// What the ring of one feed may hold; the oldest frames go first.
    package var ringBytes = 8 << 20
    /// What all feeds together may keep to be sent again: rings, and the frames of snapshots, which
    /// give way.
    package var keptBytes = 64 << 20
    /// Up to this many events a subscriber that is behind is sent each event; beyond it the net
    /// change.
    package var deltaEvents: UInt64 = 2_000
    /// Reads of the log that one page of a net change may cost while its keys are gathered: some
    /// milliseconds, so that those who share a reader take turns.
    package var readsPerPage = 8
    /// Keys that one page of a net change judges at most; each costs up to two lookups.
    package var judgedPerPage = 2_000
    /// What is kept of the events that catch-ups read: several times as many as one subscriber is
    /// sent each of, and what stood before them.
    package var recentEventBytes = 16 << 20
    /// A feed without subscribers is kept for this long, for those that come back.
    package var idleFeedMilliseconds: UInt64 = 60_000
    /// Behind the scan that judges a feed there is a pause of so many times what it took: the
    /// judge costs at most a hundredth of one core.
    package var judgingPauses: UInt64 = 99

    package init() {}
}
