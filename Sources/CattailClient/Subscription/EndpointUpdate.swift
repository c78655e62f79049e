public import EndpointModel
public import EndpointState
public import SyncTransport

/// What a subscriber is told, in order.
public enum EndpointUpdate: Sendable {
    case status(SubscriptionStatus)
    case changes(EndpointChanges)
}

/// How a subscription stands.
///
/// After every connection come `connecting`, `resync`, one or more batches of changes (each with
/// its mark), then `inSync`.
public enum SubscriptionStatus: Hashable, Sendable {
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
    /// The server said goodbye.
    case goodbye(code: String, message: String)
    /// The cache file could not be used or written.
    case cacheUnusable(String)
}

/// The ways to bring a subscriber on.
public enum ResyncKind: String, Hashable, Sendable, CaseIterable {
    case deltas
    case netChange = "net-change"
    case snapshot
    /// What was held is not on the server's history and was replaced.
    case reset
}

/// The real changes up to one mark: what stands now differs from before in exactly these.
public struct EndpointChanges: Sendable {
    /// In the order in which they happened, as far as that is known.
    public var changes: [EndpointChange]
    public var mark: SubscriptionMark
    /// What is held at the mark: a pinned version, which costs nothing to keep until it is let
    /// go of.
    public var state: EndpointSet

    public init(changes: [EndpointChange], mark: SubscriptionMark, state: EndpointSet) {
        self.changes = changes
        self.mark = mark
        self.state = state
    }
}

/// One real change of what is held.
public enum EndpointChange: Sendable {
    /// The endpoint is new or different. The seq is the item's.
    case put(EncodedItem)
    /// The endpoint is gone, or no longer in the selection. Without a seq of its own (after a
    /// reset) it has that of the mark.
    case removal(EndpointKey, seq: Seq)

    public var key: EndpointKey {
        switch self {
        case .put(let item): item.key
        case .removal(let key, _): key
        }
    }

    public var seq: Seq {
        switch self {
        case .put(let item): item.seq
        case .removal(_, let seq): seq
        }
    }
}

/// "You now hold this position."
public struct SubscriptionMark: Hashable, Sendable {
    public var position: Position
    /// Computed here from the items held, never copied from the server.
    public var digest: StateDigest
    public var check: Check

    public enum Check: Hashable, Sendable {
        /// The server sent its own digest, and it is the same (G6).
        case verified
        /// The server sent none with this mark.
        case notCompared
    }

    public init(position: Position, digest: StateDigest, check: Check) {
        self.position = position
        self.digest = digest
        self.check = check
    }

    public var seq: Seq { position.seq }
}
