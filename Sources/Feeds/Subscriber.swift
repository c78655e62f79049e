package import EndpointModel
internal import NIOCore
package import SyncProtocol

/// What a node can tell of a subscriber.
package struct SubscriberProgress: Sendable {
    package let held: Seq
    package let how: How
}

/// Names one subscription on this node for as long as its connection lives.
package struct SubscriberID: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a new subscriber goes on, as far as its token and this node's log tell.
package enum SubscriptionStart: Hashable, Sendable {
    /// It holds nothing that can be used.
    case snapshot(SnapshotReason)
    /// It holds a snapshot begun at `start`, up to and with the key.
    case cursor(start: Position, lastKey: EndpointKey)
    /// It holds everything up to this position, which is on this node's history.
    case resume(Position)
}

package enum SnapshotReason: Hashable, Sendable {
    case noToken
    case otherSelection
    /// Its position is not on this history.
    case otherLog
    case otherHistory
    /// The subscriber's state did not have the digest that it should.
    case digest
}

/// One subscriber of a feed or of the log: a position, what is in flight, and what it waits for.
/// It owns no bytes: frames belong to the feed.
package struct Subscriber {
    package enum Subject: Hashable {
        case state(FeedID)
        case log
    }

    enum Phase {
        /// Its feed is being built. Goes to snapshot, catchingUp or tail.
        case awaitingFeed(SubscriptionStart)
        /// Takes the selection key by key. Goes to catchingUp when the log has moved since
        /// `start`, else to tail.
        case snapshot(start: Position, after: EndpointKey?)
        /// Pages from the log are made elsewhere. Goes to tail, or to snapshot when that turned
        /// out to be cheaper.
        case catchingUp(CatchUpRequest, PageState)
        /// Takes the ring's frames as they come. Goes to catchingUp when the ring has left it
        /// behind.
        case tail
    }

    enum PageState: Hashable {
        /// A page is being made.
        case underway
        /// The page before has been handed to the socket; the next waits for room.
        case wanted
    }

    /// Whether it was told that it had reached this node's head.
    enum Arrival {
        case underway
        case told
    }

    let id: SubscriberID
    let subject: Subject
    var phase: Phase
    var arrival = Arrival.underway
    /// The seq of the last mark that was written for it.
    var held: Seq
    /// How it last went on.
    var how = How.deltas
    var inFlightBytes = 0

    /// The same of another feed, of which it holds nothing that counts; what was written for it
    /// before is in flight still.
    func moved(to feed: FeedID) -> Subscriber {
        var moved = Subscriber(
            id: id, subject: .state(feed), phase: .awaitingFeed(.snapshot(.otherSelection)),
            held: held)
        moved.inFlightBytes = inFlightBytes
        return moved
    }

    /// Takes a ring's last frame, when it is at the tail and stands where the frame begins, so that
    /// it has everything then. False, and no change, when not, or when there is no room.
    mutating func takeNewest(_ frame: FrameRing.Frame, inFlightLimit: Int) -> Bool {
        guard case .tail = phase, case .told = arrival, held == frame.start,
            inFlightBytes < inFlightLimit
        else { return false }
        held = frame.mark
        inFlightBytes += frame.buffer.readableBytes
        return true
    }

    enum Wants: Hashable {
        /// Everything up to the node's head was written for it.
        case nothing
        /// There may be more for it.
        case lacks
    }

    /// Its socket took so many bytes.
    mutating func flushed(byteCount: Int, head: Seq) -> Wants {
        precondition(byteCount <= inFlightBytes, "flushed \(byteCount) of \(inFlightBytes) bytes")
        inFlightBytes -= byteCount
        guard case .tail = phase, case .told = arrival, held == head else { return .lacks }
        return .nothing
    }
}
