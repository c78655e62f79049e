package import EndpointModel
internal import EndpointState

/// A set of endpoints in short: two sets with one tally are equal.
package struct Tally: Hashable, Sendable {
    package let digest: StateDigest
    package let count: Int

    package init(digest: StateDigest, count: Int) {
        self.digest = digest
        self.count = count
    }

    /// As the set keeps it along.
    init(keptBy set: EndpointSet) { self.init(digest: set.digest, count: set.count) }
}

extension Tally: CustomStringConvertible {
    package var description: String { "\(count) endpoints with digest \(digest)" }
}

/// One feed, to be judged by another path than the one that keeps it (G6).
///
/// Feeds are kept by routing, deltas and sums; here a pinned version of the whole state is
/// scanned, each endpoint asked whether it is selected, and the bytes of those that are hashed
/// again.
package struct JudgingRequest: Sendable {
    package let feed: FeedID
    package let selection: Selection
    /// All endpoints at the seq that is judged.
    let state: EndpointSet
    /// What the feed held there.
    let members: EndpointSet

    /// Costs some microseconds for each endpoint: to be called where nobody waits for it.
    package func judge() -> FeedVerdict {
        var digest = StateDigest.empty
        var count = 0
        for item in state.items where selection.matches(item) {
            digest.add(item.withBytes { Hash256.of($0) })
            count += 1
        }
        return FeedVerdict(
            feed: feed, seq: state.seq,
            selected: Tally(digest: digest, count: count),
            held: Tally(digest: members.recomputedDigest(), count: members.count))
    }
}

/// What a scan found.
package struct FeedVerdict: Sendable {
    package let feed: FeedID
    package let seq: Seq
    /// Of the endpoints that are selected.
    package let selected: Tally
    /// Of the endpoints that the feed has: what its next snapshot would be made of.
    package let held: Tally

    package init(feed: FeedID, seq: Seq, selected: Tally, held: Tally) {
        self.feed = feed
        self.seq = seq
        self.selected = selected
        self.held = held
    }
}

/// A feed that was not what it should have been: a fault of this program or of its memory (G6).
package struct FeedDifference: Sendable {
    package let selection: Selection
    package let seq: Seq
    /// What the feed told its subscribers at `seq`.
    package let told: Tally
    package let verdict: FeedVerdict
}

/// Which scan is underway, and when the next may be.
enum Judging {
    case resting(until: UInt64)
    case underway(Accused, since: UInt64)

    /// The feed that is judged, with what it said of itself at the seq that is judged.
    struct Accused {
        let feed: FeedID
        let selection: Selection
        let seq: Seq
        let told: Tally
    }
}
