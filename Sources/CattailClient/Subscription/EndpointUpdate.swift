public import EndpointModel
public import EndpointState
public import SyncTransport

/// What a subscriber is told, in order.
public enum EndpointUpdate: Sendable {
    /// How the subscription stands: for people and for judging freshness.
    case status(SubscriptionStatus)
    /// What is different now, up to one mark.
    case changes(EndpointChanges)
}

/// How a subscription stands.
///
/// After every connection come `connecting`, `resync`, one or more batches of changes (each with
/// its mark), then `inSync`.
public enum SubscriptionStatus: Hashable, Sendable {
    /// This server is being dialed.
    case connecting(ServerAddress)
    /// How the server goes on: what follows starts at `seq`.
    case resync(ResyncKind, Seq)
    /// Everything that this server has is held.
    case inSync(ResyncKind, Seq)
    /// The server itself is cut off from its leader since then; nil: it is in touch again.
    case stale(since: Timestamp?)
    /// The connection is gone; another attempt follows.
    case disconnected(ClientError)
    /// This server is behind what is held here: it is not gone back to (G7).
    case behind(head: Seq)
    /// A state did not have the digest that it should; it is thrown away and fetched anew (G6).
    /// Of the log: events did not lead to the chain hash of their mark; they are asked for again.
    case digestDiffers(Seq)
    /// Three times in a row: what is held cannot be vouched for until a later `inSync`.
    case unverified(Seq)
    /// The server said goodbye, with a code such as `draining`. Another attempt follows, or the
    /// subscription ends when it would meet the same.
    case goodbye(code: String, message: String)
    /// The cache file, for this reason, could not be read, and will be replaced; or it could not
    /// be opened or written, and what is held stays in memory alone.
    case cacheUnusable(String)
}

/// The ways to bring a subscriber on.
public enum ResyncKind: String, Hashable, Sendable, CaseIterable {
    /// Every change since what was held.
    case deltas
    /// Each endpoint that differs from what was held, once.
    case netChange = "net-change"
    /// Everything anew; told are only the differences from what was held.
    case snapshot
    /// What was held is not on the server's history and was replaced.
    case reset
}

/// The real changes up to one mark: what stands now differs from before in exactly these.
public struct EndpointChanges: Sendable {
    /// In the order in which they happened, as far as that is known.
    public var changes: [EndpointChange]
    /// Up to where that is.
    public var mark: SubscriptionMark
    /// What is held at the mark: a pinned version, which costs nothing to keep until it is let
    /// go of.
    public var state: EndpointSet
    /// Of the selection that is held: what was asked for, narrowed by this identity's rights.
    public var fingerprint: Hash256

    /// As a subscription makes them; for a test's double of one.
    public init(
        changes: [EndpointChange], mark: SubscriptionMark, state: EndpointSet, fingerprint: Hash256
    ) {
        self.changes = changes
        self.mark = mark
        self.state = state
        self.fingerprint = fingerprint
    }
}

/// One real change of what is held.
public enum EndpointChange: Sendable {
    /// The endpoint is new or different. The seq is the item's.
    case put(EncodedItem)
    /// The endpoint is gone, or no longer in the selection. Without a seq of its own (after a
    /// reset) it has that of the mark.
    case removal(EndpointKey, seq: Seq)

    /// Of the endpoint.
    public var key: EndpointKey {
        switch self {
        case .put(let item): item.key
        case .removal(let key, _): key
        }
    }

    /// Of the event that did it; of a removal without one of its own that of the mark.
    public var seq: Seq {
        switch self {
        case .put(let item): item.seq
        case .removal(_, let seq): seq
        }
    }
}

/// "You now hold this position."
public struct SubscriptionMark: Hashable, Sendable {
    /// Good for a resume at any server of the log.
    public var position: Position
    /// Computed here from the items held, never copied from the server.
    public var digest: StateDigest
    /// Whether it was compared with the server's.
    public var check: Check

    /// What the digest was held to.
    public enum Check: Hashable, Sendable {
        /// The server sent its own digest, and it is the same (G6).
        case verified
        /// The server sent none with this mark.
        case notCompared
    }

    /// As a subscription makes them; for a test's double of one.
    public init(position: Position, digest: StateDigest, check: Check) {
        self.position = position
        self.digest = digest
        self.check = check
    }

    /// The seq of the position.
    public var seq: Seq { position.seq }
}
