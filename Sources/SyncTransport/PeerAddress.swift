internal import NIOCore

/// An address as the network has it, for people.
enum PeerAddress {
    /// `127.0.0.1:40112`.
    static func text(_ address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return "\(address)" }
        return ServerAddress(host: host, port: UInt16(clamping: port)).description
    }
}
