package import NIOCore
internal import NIOPosix
internal import SyncProtocol
internal import Synchronization

/// The listening socket of a node, and how a connection comes to its driver.
package final class ServerTransport: Sendable {
    package let localAddress: ServerAddress
    private let channel: any Channel

    /// What an accepted connection is told before anything is read from it.
    package enum Admission: Sendable {
        case welcome
        /// Closed at once: too many stand already, or the node drains.
        case turnedAway
    }

    /// How a node listens.
    package struct Configuration: Sendable {
        package var address: ServerAddress
        /// Connections that the kernel holds before they are accepted: enough for a thousand
        /// agents that come back at once.
        package var backlog: Int32 = 1024
        /// More in one loop's turn would let accepting starve those already here.
        package var acceptsPerTurn: UInt = 64
        /// One read: a whole frame of the usual kind.
        package var readBytes = 64 << 10
        /// Nil for plain TCP; read, with a certificate to show. What it holds now is what the
        /// next connection is made with.
        package var tls: TLSCredentials?

        package init(address: ServerAddress, tls: TLSCredentials?) {
            self.address = address
            self.tls = tls
        }

        /// A stranger has as long for the handshake as for his hello.
        fileprivate var end: TLSEnd? {
            tls?.current.map {
                TLSEnd(.listener, $0, patience: .milliseconds(Limits.helloDeadline.milliseconds))
            }
        }
    }

    private init(channel: any Channel, localAddress: ServerAddress) {
        self.channel = channel
        self.localAddress = localAddress
    }

    /// Binds and listens. `admit` is asked for each connection and `makeDriver` makes what
    /// decides for it, both on the connection's event loop.
    package static func listen<Driver: PeerDriver>(
        _ configuration: Configuration, group: any EventLoopGroup,
        admit: @escaping @Sendable () -> Admission,
        makeDriver: @escaping @Sendable (any Channel) -> Driver,
        accepting: AcceptReactions
    ) async throws(TransportError) -> ServerTransport {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.maxMessagesPerRead, value: configuration.acceptsPerTurn)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptWatch(accepting))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.tcpOption(.notSentLowWater), value: Limits.kernelUnsentBytes)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 512, initial: 1024, maximum: configuration.readBytes)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    switch admit() {
                    case .welcome:
                        let handlers = try configuration.end.map { try TLSHandlers($0) }
                        try handlers?.add(to: channel.pipeline)
                        let handler = PeerHandler(driver: makeDriver(channel), tls: handlers)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    case .turnedAway: throw TransportError.turnedAway
                    }
                }
            }
        let address = configuration.address
        do {
            let channel = try await bootstrap.bind(host: address.host, port: Int(address.port))
                .get()
            let port = channel.localAddress?.port ?? Int(address.port)
            return ServerTransport(
                channel: channel,
                localAddress: ServerAddress(host: address.host, port: UInt16(clamping: port)))
        } catch {
            throw .cannotListen(address, reason: NetworkText.of(error))
        }
    }

    /// Stops accepting; connections that stand go on.
    package func stopListening() async {
        // It may be closed already, which is what is wanted.
        try? await channel.close().get()
    }
}

extension NIOBSDSocket.Option {
    /// Linux' TCP_NOTSENT_LOWAT, of tcp(7).
    fileprivate static let notSentLowWater = NIOBSDSocket.Option(rawValue: 25)
}

/// How many connections stand, and how many may.
package final class ConnectionCount: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    package var current: Int { count.load(ordering: .relaxed) }

    /// Takes a place, when there is one; `leave` gives it back.
    package func enter() -> ServerTransport.Admission {
        let (_, now) = count.add(1, ordering: .relaxed)
        if now <= limit { return .welcome }
        count.subtract(1, ordering: .relaxed)
        return .turnedAway
    }

    package func leave() { count.subtract(1, ordering: .relaxed) }
}

/// What the network refuses.
package enum TransportError: Error, Sendable, CustomStringConvertible {
    case cannotListen(ServerAddress, reason: String)
    case turnedAway

    // error-codes
    package var code: String {
        switch self {
        case .cannotListen: "cannot-listen"
        case .turnedAway: "overloaded"
        }
    }

    package var description: String { "\(code): \(what); \(remedy)" }

    /// What failed, on which value.
    package var what: String {
        switch self {
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .turnedAway: "too many connections"
        }
    }

    package var remedy: String {
        switch self {
        case .cannotListen: "choose another address, or port 0"
        case .turnedAway: "come back later"
        }
    }
}
