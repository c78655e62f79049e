internal import NIOCore
internal import NIOPosix
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
            ClientError(code: .unreachable, message: "no connection to \(address): \(why)")
        case .lost(.frameMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no frames: \(error)",
                remedy: "is this a Cattail server?")
        case .lost(.messageMalformed(let error)):
            ClientError(
                code: .protocolBroken, message: "\(address) sends no message: \(error)",
                remedy: "do client and server belong to the same release?")
        case .lost(let reason):
            ClientError(code: .unreachable, message: "lost \(address): \(reason)")
        case .silent:
            ClientError(code: .unreachable, message: "\(address) has gone silent")
        case .outOfOrder(let why):
            ClientError(code: .protocolBroken, message: "\(address): \(why)")
        }
    }
}

/// What the network said, without the layers around it.
enum NetworkText {
    static func of(_ error: any Error) -> String {
        if let failure = error as? NIOConnectionError {
            if let first = failure.connectionErrors.first { return of(first.error) }
            return "the name does not resolve"
        }
        if case .connectTimeout = error as? ChannelError { return "no answer" }
        return "\(error)"
    }
}
