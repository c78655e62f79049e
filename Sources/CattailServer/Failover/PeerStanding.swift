internal import EndpointModel
internal import LogStore
internal import SyncProtocol
internal import SyncTransport

/// Who is believed what in a failover: the one place where that is judged. Until certificates say
/// who a peer is, what it says of itself stands, as it does for mutations.
enum PeerStanding {
    /// Whether whoever asks may promote, change the membership, or ask for a promise.
    static func mayOperate(_ peer: Peer?) -> Bool { peer?.role == .requests }

    /// Where a voter or candidate says that it serves, which will be kept and told to others.
    static func address(_ text: String) -> ServerAddress? {
        text.utf8.count <= Limits.addressBytes ? ServerAddress(text) : nil
    }

    /// The voter that a log subscriber is, by where it says that it serves; nil: none.
    static func voter(_ subscription: SubscriptionStatus) -> String? {
        subscription.isLog && !subscription.advertise.isEmpty ? subscription.advertise : nil
    }
}
