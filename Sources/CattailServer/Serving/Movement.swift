internal import Glibc
internal import NIOCore
internal import SyncProtocol
internal import SyncTransport

/// Whether the client of a connection showed a sign of life: bytes came from it, or its kernel
/// acknowledged some of ours, which it does as long as the peer reads them (G9).
///
/// Bytes that vanish into this kernel's buffer are no such sign. That a full buffer takes more
/// is one, but it is seen only when a third of megabytes is free: a slow peer would be cut.
struct Movement {
    private var received: UInt64 = 0
    private var acknowledged: UInt64 = 0

    /// Since it was asked last.
    mutating func hasMoved(on link: PeerLink<some WireMessage>) -> Bool {
        let nowReceived = link.receivedBytes
        let nowAcknowledged = Self.acknowledgedBytes(link.channel) ?? link.takenBytes
        defer { (received, acknowledged) = (nowReceived, nowAcknowledged) }
        return nowReceived != received || nowAcknowledged != acknowledged
    }

    /// `tcpi_bytes_acked` of Linux's `tcp_info`, which stands at byte 120; nil for what is no TCP
    /// connection, or is closed.
    private static func acknowledgedBytes(_ channel: any Channel) -> UInt64? {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        let info: EventLoopFuture<SIMD16<UInt64>> = options.unsafeGetSocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_INFO))
        var bytes: UInt64?
        // On the connection's own event loop it is answered at once.
        info.assumeIsolated().whenSuccess { bytes = $0[15] }
        return bytes
    }
}
