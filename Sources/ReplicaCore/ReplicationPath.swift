package import SyncProtocol

/// The followers through which this node's log comes, the one below the leader first, this node
/// last; empty for a leader. Each node tells it to those that follow it, and again when it changes:
/// so nodes that would follow each other in a ring, all in touch and all cut off from the leader,
/// find themselves in it, however many they are (R69).
package struct ReplicationPath: Hashable, Sendable {
    private let own: NodeID?
    /// What those below are told.
    package private(set) var nodes: [NodeID] = []

    /// - Parameter own: Nil for a leader.
    package init(own: NodeID?) {
        self.own = own
        nodes = [own].compactMap(\.self)
    }

    /// The upstream says where its own log comes from.
    ///
    /// - Returns: Why it is not to be followed; nil: it is.
    package mutating func heard(above: [NodeID]) -> String? {
        guard let own else { return nil }
        if above.contains(own) { return "its log comes through this node" }
        guard above.count < Limits.relays else {
            return "\(above.count) followers are between it and the leader, \(Limits.relays) may be"
        }
        nodes = above + [own]
        return nil
    }

    /// Nobody is followed now.
    package mutating func lost() { self = ReplicationPath(own: own) }
}
