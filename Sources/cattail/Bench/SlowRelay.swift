internal import NIOCore
internal import NIOPosix
internal import SyncTransport
internal import Synchronization

/// Stands between agents and their server, and hands on what the server sends as slowly as it is
/// told to: 1 KB a second, read from the socket in that measure, so that the server meets a reader
/// that is slow and not one that buffers. What agents say passes at once.
final class SlowRelay: Sendable {
    enum Pace: Int, AtomicRepresentable {
        case asItComes
        case slow
    }

    let address: ServerAddress
    private let channel: any Channel
    private let pace: SharedPace

    final class SharedPace: Sendable {
        let value = Atomic<Pace>(.asItComes)
    }

    private init(_ channel: any Channel, _ address: ServerAddress, _ pace: SharedPace) {
        self.channel = channel
        self.address = address
        self.pace = pace
    }

    static func start(to server: ServerAddress, on group: any EventLoopGroup) async throws
        -> SlowRelay
    {
        let pace = SharedPace()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { agent in join(agent, to: server, pace) }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(clamping: channel.localAddress?.port ?? 0)
        return SlowRelay(channel, ServerAddress(host: "127.0.0.1", port: port), pace)
    }

    func set(_ pace: Pace) { self.pace.value.store(pace, ordering: .relaxed) }

    func close() async { try? await channel.close() }

    private static func join(
        _ agent: any Channel, to server: ServerAddress, _ pace: SharedPace
    ) -> EventLoopFuture<Void> {
        ClientBootstrap(group: agent.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { upstream in
                upstream.eventLoop.makeCompletedFuture {
                    try upstream.pipeline.syncOperations.addHandler(
                        RelayedStream(to: agent, pace))
                }
            }
            .connect(host: server.host, port: Int(server.port))
            .flatMapThrowing { upstream in
                try agent.pipeline.syncOperations.addHandler(
                    RelayedStream(to: upstream, SharedPace()))
            }
    }
}

/// One direction of a relayed connection.
private final class RelayedStream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let target: any Channel
    private let pace: SlowRelay.SharedPace
    private static let slowBytes = 1_024
    private static let fullBytes = 64 << 10

    init(to target: any Channel, _ pace: SlowRelay.SharedPace) {
        self.target = target
        self.pace = pace
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { readNext(context) }
    }

    func channelActive(context: ChannelHandlerContext) { readNext(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        target.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { readNext(context) }

    func channelInactive(context: ChannelHandlerContext) { target.close(promise: nil) }

    private func readNext(_ context: ChannelHandlerContext) {
        let pace = pace.value.load(ordering: .relaxed)
        let bytes = pace == .slow ? Self.slowBytes : Self.fullBytes
        let options = context.channel.syncOptions
        try? options?.setOption(
            .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: bytes))
        switch pace {
        case .asItComes: context.read()
        case .slow:
            context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { context.read() }
        }
    }
}
