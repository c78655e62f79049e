package import NIOCore
internal import NIOPosix

/// Dials a server and puts a driver on the connection.
package struct ClientTransport {
    /// The driver is made on the event loop when the socket stands. The future fails when no
    /// connection came about; what happens later the driver hears.
    package static func connect<Driver: PeerDriver>(
        to address: ServerAddress, on eventLoop: any EventLoop, timeout: TimeAmount,
        makeDriver: @escaping @Sendable (any Channel) -> Driver
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
                    let handler = PeerHandler(driver: makeDriver(channel))
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: address.host, port: Int(address.port))
    }
}
