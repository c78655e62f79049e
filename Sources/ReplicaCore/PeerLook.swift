package import EndpointModel
package import SyncProtocol

/// What a node that looks at a peer asks it, once its hello is there, and whom it follows when that
/// shows a later epoch (R64, R70).
package struct PeerLook: Sendable {
    private let here: Position
    private let role: NodeRole
    /// The address that others are told.
    private let own: String

    package init(from here: Position, as role: NodeRole, at own: String) {
        self.here = here
        self.role = role
        self.own = own
    }

    /// The event that begins a later epoch; of who leads an older one, a promise for this node's.
    /// Nil: nothing.
    package func question(for hello: ServerHello) -> Query.Body? {
        guard hello.head.logID == here.logID else { return nil }
        if role == .leader, hello.role == .leader, hello.head.epoch < here.epoch {
            return .promise(
                PromiseQuery(
                    logID: here.logID, epoch: here.epoch, candidate: own, dryRun: .no))
        }
        guard hello.head.epoch > here.epoch, let newest = hello.forks.first else { return nil }
        let point = Point.seq(newest.firstSeq)
        return .log(LogQuery(from: point, to: point))
    }

    /// Whom to follow: the leader, if the peer names one, and the peer. Whom a follower calls its
    /// leader it may know from before, and that may be this very node.
    package func upstreams(shownBy hello: ServerHello, at address: String) -> [String] {
        guard hello.role == .follower, !["", own, address].contains(hello.leader) else {
            return [address]
        }
        return [hello.leader, address]
    }

    /// Whether who asked for a promise and did not get it is to be looked at: it may lead a later
    /// reign of the same number, for two may be forced apart. To look binds nobody.
    package func isWorthALook(asked: Epoch, _ answer: PromiseAnswer) -> Bool {
        role == .leader && answer.promised != asked && asked > here.epoch
    }
}
