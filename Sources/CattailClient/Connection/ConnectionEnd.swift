internal import SyncTransport

/// Why a connection is gone.
enum ConnectionEnd: Error {
    case notMade(String)
    case lost(PeerClosure)
    /// A certificate, ours or the server's, is not as it must be.
    case insecure(TLSFault)
    /// Nothing was heard for too long.
    case silent
    /// The server does not keep to the protocol.
    case outOfOrder(String)
}

extension ConnectionEnd {
    init(_ closure: PeerClosure, at address: ServerAddress) {
        switch closure {
        case .insecure(let fault): self = .insecure(fault)
        case .peerSpeaksTLS: self = .insecure(.tlsRequired(by: "\(address)"))
        case .ended, .endedHere, .frameMalformed, .messageMalformed, .failed:
            self = .lost(closure)
        }
    }

    /// Whether this server will say the same the next time, whatever the network does.
    var isCertain: Bool {
        switch self {
        case .insecure(let fault): fault.code.isCertain
        case .notMade, .lost, .silent, .outOfOrder: false
        }
    }

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
        case .insecure(let fault):
            ClientError(
                code: ClientError.Code(rawValue: fault.code.rawValue),
                message: fault.what, remedy: fault.remedy)
        case .silent:
            ClientError(told: .unreachable, "\(address) has gone silent")
        case .outOfOrder(let why):
            ClientError(told: .protocolBroken, "\(address): \(why)")
        }
    }
}
