package import EndpointModel

/// Who is at the other end, as it says.
package struct Peer: Equatable, Sendable {
    package var role: Role
    /// Name and version of the program.
    package var client: String
    package var actor: String

    package init(role: Role, client: String, actor: String) {
        self.role = role
        self.client = client
        self.actor = actor
    }
}

/// What a server hello says by the session's decision; the rest is the node's standing.
package struct Greeting: Equatable, Sendable {
    package var version: UInt32
    package var capabilities: Capabilities
    package var pingInterval: Interval
    package var peer: Peer

    package init(
        version: UInt32, capabilities: Capabilities, pingInterval: Interval, peer: Peer
    ) {
        self.version = version
        self.capabilities = capabilities
        self.pingInterval = pingInterval
        self.peer = peer
    }

    package func hello(of standing: NodeStanding) -> ServerHello {
        ServerHello(
            version: version, server: standing.server, role: standing.role, head: standing.head,
            leader: standing.leader, forks: Array(standing.forks.prefix(Limits.forks)),
            capabilities: capabilities,
            pingIntervalMilliseconds: UInt32(clamping: pingInterval.milliseconds))
    }
}

/// How a node stands at a moment.
package struct NodeStanding: Equatable, Sendable {
    /// Name and version of the program.
    package var server: String
    package var role: NodeRole
    package var head: Position
    /// The leader's advertised address; empty when it is not known.
    package var leader: String
    /// The recent epochs, newest first.
    package var forks: [Fork]

    package init(
        server: String, role: NodeRole, head: Position, leader: String = "", forks: [Fork] = []
    ) {
        self.server = server
        self.role = role
        self.head = head
        self.leader = leader
        self.forks = forks
    }
}

/// What a subscriber asks of the feeds.
package struct SubscriptionRequest: Equatable, Sendable {
    package enum Subject: Equatable, Sendable {
        case state(SelectionRequest, cursor: SnapshotCursor?)
        case log(nodeID: NodeID?, advertise: String)
    }

    package var subject: Subject
    package var resume: ResumeToken?
    /// Those that both ends have.
    package var capabilities: Capabilities

    package init(subject: Subject, resume: ResumeToken?, capabilities: Capabilities) {
        self.subject = subject
        self.resume = resume
        self.capabilities = capabilities
    }
}

extension ServerSessionStateMachine {
    /// What whoever holds the connection does, in the order given.
    package enum Action: Equatable, Sendable {
        case sendPreface
        /// Send `Greeting.hello` of the node's standing now, plain.
        case greet(Greeting)
        case subscribe(SubscriptionRequest)
        /// The subscription is over; nothing more is sent of it.
        case unsubscribe
        /// Each is answered, and the answers are reported to `requestsAnswered`.
        case mutate([Mutation])
        /// Its last part is reported to `queryEnded`.
        case query(Query)
        case cancelQuery(ticket: UInt64)
        case noteApplied(Position, StateDigest)
        case noteDurable(Position)
        case noteRefusal(Refusal)
        case send(ServerMessage)
        /// Send a mark alone, if the head has moved since this subscriber's last one.
        case sendBareMark
        case pauseReading
        case resumeReading
        /// Flush what was sent, then close. No action follows.
        case close(SessionEnd)
    }
}
