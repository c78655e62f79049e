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

    /// Where the newest epoch of the peer's log began, shown by the event itself: only that makes
    /// a leader step down, or a tail leave a log (G10). Nil: it did not show it.
    static func shownEpoch(_ reply: PeerQuestion.Reply) -> Fork? {
        guard let newest = reply.hello.forks.first, newest.epoch == reply.hello.head.epoch
        else { return nil }
        for case .records(let rows) in reply.parts {
            for row in rows where row.record.seq == newest.firstSeq {
                let item = row.record.item
                if item.kind == .control, case .epoch(newest.epoch)? = try? item.control() {
                    return newest
                }
            }
        }
        return nil
    }
}
