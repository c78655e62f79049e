internal import SyncTransport

/// Why a connection is gone.
enum ConnectionEnd: Error {
    case notMade(String)
    case lost(PeerClosure)
    /// Nothing was heard for too long.
    case silent
    /// The server does not keep to the protocol.
    case outOfOrder(String)
}

extension ConnectionEnd {
    /// For people, with the address that it is about.
    func error(at address: ServerAddress) -> ClientError {
        switch self {
        case .notMade(let why):
            ClientError(told: .unreachable, "no connection to \(address): \(why)")
        case .lost(.frameMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no frames: \(error)",
                remedy: "is this a Cattail server?")
        case .lost(.messageMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no message: \(error)",
                remedy: "do client and server belong to the same release?")
        case .lost(let reason):
            ClientError(told: .unreachable, "lost \(address): \(reason)")
        case .silent:
            ClientError(told: .unreachable, "\(address) has gone silent")
        case .outOfOrder(let why):
            ClientError(told: .protocolBroken, "\(address): \(why)")
        }
    }
}
