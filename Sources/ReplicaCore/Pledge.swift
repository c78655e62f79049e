package import EndpointModel

/// A node's promise: to store and to acknowledge nothing of a reign below `epoch` (G10). It is on
/// disk before anybody is told of it, and only grows.
///
/// Epochs are compared whole, number and leader ID: two candidates that chose the same number are
/// one above the other, as ballots are.
package struct Pledge: Hashable, Sendable {
    package enum Holder: Hashable, Sendable {
        /// This node itself: it leads the epoch once its log has that event, and not before.
        case ourselves
        /// Where the node serves to which it was given; empty: nobody has asked yet.
        case candidate(String)
    }

    package let epoch: Epoch
    package let holder: Holder

    package init(epoch: Epoch, holder: Holder) {
        self.epoch = epoch
        self.holder = holder
    }

    package static let none = Pledge(epoch: .none, holder: .candidate(""))

    /// Whether a promise for `asked` may be given over a log that ends in `logEpoch`. Given once,
    /// it is given again: the answer may have been lost.
    package func admits(_ asked: Pledge, over logEpoch: Epoch) -> Bool {
        if asked == self { return true }
        let seen = max(epoch.number, logEpoch.number)
        return asked.epoch > epoch && asked.epoch.number > logEpoch.number
            && (asked.epoch.number < seen || asked.epoch.number - seen <= Self.leap)
    }

    /// How far beyond all that was seen here a number may be. Candidates take the next; one that
    /// asked for the greatest number there is would leave none for anybody after it (G12).
    private static let leap: UInt64 = 1 << 20

    /// Whether anything may be stored that comes from a node whose log ends in this epoch. What
    /// such a log has of older epochs belongs to its history, and is taken.
    package func admits(upstream logEpoch: Epoch) -> Bool { logEpoch >= epoch }

    /// Whether a leader whose log ends in this epoch has promised to acknowledge nothing more.
    package func seals(_ logEpoch: Epoch) -> Bool { epoch > logEpoch }

    /// Whether the node that gave it began the epoch in which its log ends.
    package func leads(_ logEpoch: Epoch) -> Bool { holder == .ourselves && epoch == logEpoch }
}
