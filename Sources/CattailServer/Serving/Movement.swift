internal import SyncProtocol
internal import SyncTransport

/// Whether the peer of a connection showed a sign of life: bytes came from it, or a socket that
/// was full took more, which means that the peer has read. Bytes that vanish into an empty
/// socket buffer are none (G9).
struct Movement {
    private var received: UInt64 = 0
    private var taken: UInt64 = 0
    private var wasFull = false

    /// Since it was asked last.
    mutating func hasMoved(on link: PeerLink<some WireMessage>) -> Bool {
        let unsent = UInt64(link.unsentBytes)
        let nowTaken = link.writtenBytes &- unsent
        let moved = link.receivedBytes != received || (wasFull && nowTaken != taken)
        received = link.receivedBytes
        taken = nowTaken
        wasFull = unsent > 0
        return moved
    }
}
