internal import DequeModule
package import EndpointModel

/// How far a follower is behind its upstream, as far as it has heard: a value that is told of heads
/// and of what became durable here.
package struct UpstreamLag: Sendable {
    /// Heads of the upstream that are not held here, ascending, with when each was heard of.
    private var missed: Deque<(seq: Seq, heardAt: Timestamp)> = []
    private var held: Seq

    package init(held: Seq) { self.held = held }

    /// Since when this node has not held all that it has heard of; nil while it holds that.
    package var behindSince: Timestamp? { missed.first?.heardAt }

    /// A connection stands: the head that it begins with is all that counts from here on. That
    /// this node was behind before is not forgotten by dialing again.
    package mutating func greeted(head: Seq, at now: Timestamp) {
        let since = behindSince
        missed = []
        if head > held { missed.append((head, since ?? now)) }
    }

    package mutating func heard(head: Seq, at now: Timestamp) {
        if head > max(held, missed.last?.seq ?? .zero) { missed.append((head, now)) }
    }

    package mutating func stored(_ seq: Seq) {
        held = max(held, seq)
        while let first = missed.first, first.seq <= held { missed.removeFirst() }
    }
}
