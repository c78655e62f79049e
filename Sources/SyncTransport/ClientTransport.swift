package import NIOCore
internal import NIOPosix

/// Dials a server and puts a driver on the connection.
package struct ClientTransport {
    /// The driver is made on the event loop when the socket stands. The future fails when no
    /// connection came about; what happens later, in a handshake of TLS to begin with, the driver
    /// hears. That may take as long again as the connecting.
    ///
    /// - Parameter tls: nil for plain TCP. Its files are read anew when they changed.
    package static func connect<Driver: PeerDriver>(
        to address: ServerAddress, on eventLoop: any EventLoop, timeout: TimeAmount,
        tls: TLSCredentials?, makeDriver: @escaping @Sendable (any Channel) -> Driver
    ) -> EventLoopFuture<any Channel> {
        guard let tls else {
            return dial(address, on: eventLoop, timeout: timeout, tls: nil, makeDriver)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try tls.load() }
            .flatMap { contexts in
                let end = TLSEnd(.dialer(address), contexts, patience: timeout)
                return dial(address, on: eventLoop, timeout: timeout, tls: end, makeDriver)
            }
    }

    private static func dial<Driver: PeerDriver>(
        _ address: ServerAddress, on eventLoop: any EventLoop, timeout: TimeAmount, tls: TLSEnd?,
        _ makeDriver: @escaping @Sendable (any Channel) -> Driver
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 512, initial: 4096, maximum: 256 << 10)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handlers = try tls.map { try TLSHandlers($0) }
                    try handlers?.add(to: channel.pipeline)
                    let handler = PeerHandler(driver: makeDriver(channel), tls: handlers)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: address.host, port: Int(address.port))
    }
}
