internal import NIOCore
internal import NIOSSL

/// What stands before the handler of messages when a connection is under TLS, from the socket on.
final class TLSHandlers {
    let tap = TLSTap()
    private let tls: NIOSSLHandler
    private let gate: TLSGate

    init(_ end: TLSEnd) throws(TLSFault) {
        switch end.side {
        case .dialer(let address): tls = try Self.dialer(end.contexts.forClients, address)
        case .listener:
            guard let context = end.contexts.forServers else {
                preconditionFailure("a listener without a certificate")
            }
            tls = NIOSSLServerHandler(context: context)
        }
        gate = TLSGate(end)
    }

    /// An IP address is compared with the certificate's addresses, and is not told the server:
    /// only names are (RFC 6066, 3).
    private static func dialer(
        _ context: NIOSSLContext, _ address: ServerAddress
    ) throws(TLSFault) -> NIOSSLHandler {
        do {
            return try NIOSSLClientHandler(
                context: context, serverHostname: address.isAddress ? nil : address.host)
        } catch {
            throw TLSFault(
                .certificateNameOther, "\(address.host) is no name that a certificate can have",
                "write the server's DNS name or IP address")
        }
    }

    func add(to pipeline: ChannelPipeline) throws {
        try pipeline.syncOperations.addHandlers(tap, tls, gate)
    }

    var peerCertificate: PeerCertificate? { tls.peerCertificate.flatMap { PeerCertificate($0) } }
}

/// Counts what comes from the socket: a record of 16 KiB that is slow to come is a sign of life
/// before it can be decrypted (G9).
final class TLSTap: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var receivedBytes: UInt64 = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receivedBytes &+= UInt64(unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }
}
