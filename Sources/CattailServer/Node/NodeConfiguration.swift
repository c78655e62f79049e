package import EndpointModel
package import Feeds
package import LogStore
package import Logging
package import SyncTransport

/// What a node is told at its start.
package struct NodeConfiguration: Sendable {
    /// The data directory; its parent exists.
    package var directory: String
    /// Port 0 picks one.
    package var listen: ServerAddress
    /// What others are told; nil: the address it listens on.
    package var advertise: String?
    /// A follower's upstreams, tried in this order; empty for a leader.
    package var upstream: [ServerAddress]
    /// How long a drain waits for connections to end.
    package var drainTimeout: Duration
    package var logger: Logger
    /// Nil for plain TCP.
    package var security: NodeSecurity?
    package var limits = ServingLimits()
    /// On how many voters a leader wants what it acknowledges; nil: as the log says.
    package var minAcks: UInt32?
    /// What rights a leader puts in force when it starts; nil: as the log says.
    package var rights: Rights?
    package var clock = WallClock.system
    package var sessionClock = SessionClock.system
    package var feeds = FeedLimits()
    /// With the disk that log and views are kept on.
    package var log = LogSettings()

    package init(
        directory: String, listen: ServerAddress, advertise: String? = nil,
        upstream: [ServerAddress] = [], drainTimeout: Duration = .seconds(10), logger: Logger
    ) {
        self.directory = directory
        self.listen = listen
        self.advertise = advertise
        self.upstream = upstream
        self.drainTimeout = drainTimeout
        self.logger = logger
    }
}

/// Name and version, as hellos and `--version` say them.
package enum Program {
    package static let version = "0.1.0"
    package static let name = "cattail/\(version)"
}
