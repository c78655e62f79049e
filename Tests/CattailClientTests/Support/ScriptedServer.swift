import EndpointModel
import NIOCore
import NIOPosix
import SyncProtocol
import SyncTransport

/// A peer that does what the test says and nothing else: it accepts connections and hands them
/// to the test, which reads and writes messages on them.
final class ScriptedServer: Sendable {
    let address: ServerAddress
    private let transport: ServerTransport
    private let peers: AsyncStream<ScriptedPeer>
    private let accepted: AsyncStream<ScriptedPeer>.Continuation

    private init(
        transport: ServerTransport, stream: AsyncStream<ScriptedPeer>,
        accepted: AsyncStream<ScriptedPeer>.Continuation
    ) {
        self.transport = transport
        address = transport.localAddress
        peers = stream
        self.accepted = accepted
    }

    /// - Parameter greeting: answers each hello at once, on the server's own thread, as a leader
    ///   at the head of this world would; nil: the test does.
    static func start(greeting world: World? = nil) async throws -> ScriptedServer {
        let hello = world.map { ServerHello(version: 1, role: .leader, head: $0.head) }
        let (stream, accepted) = AsyncStream.makeStream(of: ScriptedPeer.self)
        let transport = try await ServerTransport.listen(
            .init(address: ServerAddress(host: "127.0.0.1", port: 0), tls: nil),
            group: MultiThreadedEventLoopGroup.singleton, admit: { .welcome },
            makeDriver: { channel in
                PeerRecorder(eventLoop: channel.eventLoop, hello: hello) { accepted.yield($0) }
            }, accepting: AcceptReactions(failed: { _ in nil }, accepted: {}))
        return ScriptedServer(transport: transport, stream: stream, accepted: accepted)
    }

    /// The next connection.
    func accept() async throws -> ScriptedPeer {
        var iterator = peers.makeAsyncIterator()
        guard let peer = await iterator.next() else { throw Ended() }
        return peer
    }

    func stop() async {
        await transport.stopListening()
        accepted.finish()
    }

    struct Ended: Error {}
}

/// The server's end of one connection, in the hands of a test.
final class ScriptedPeer: Sendable {
    private let messages: AsyncStream<ClientMessage>
    private let link: NIOLoopBound<PeerLink<ServerMessage>>
    private let eventLoop: any EventLoop

    init(
        messages: AsyncStream<ClientMessage>, link: NIOLoopBound<PeerLink<ServerMessage>>,
        eventLoop: any EventLoop
    ) {
        self.messages = messages
        self.link = link
        self.eventLoop = eventLoop
    }

    /// The next message but pings and pongs; nil when the client has closed.
    func next() async -> ClientMessage? {
        var iterator = messages.makeAsyncIterator()
        while let message = await iterator.next() {
            switch message {
            case .ping, .pong: continue
            default: return message
            }
        }
        return nil
    }

    /// Reads the client's hello and answers it.
    func greet(_ world: World, role: NodeRole = .leader, leader: String = "") async throws
        -> ClientHello
    {
        guard case .hello(let hello)? = await next() else { throw ScriptedServer.Ended() }
        send(.hello(ServerHello(version: 1, role: role, head: world.head, leader: leader)))
        return hello
    }

    func send(_ messages: ServerMessage...) {
        let link = link
        eventLoop.execute {
            for message in messages { link.value.write(message) }
            link.value.flush()
        }
    }

    /// Bytes that need be no message.
    func send(raw bytes: [UInt8]) {
        let link = link
        eventLoop.execute {
            link.value.write(frames: ByteBuffer(bytes: bytes))
            link.value.flush()
        }
    }

    /// A whole snapshot of the world, in sync.
    func sendSnapshot(_ world: World, _ how: How = .snapshot) {
        send(
            .resync(world.resync(how, world.head)),
            .changes(
                Changes(
                    changes: world.items(after: nil), mark: world.mark(world.head.seq, .inSync))))
    }

    func cut() {
        let link = link
        eventLoop.execute { link.value.close() }
    }

    /// Breaks the connection so that the client's kernel knows of it when this returns, whether or
    /// not its event loop has looked.
    func reset() async throws {
        let link = link
        try await eventLoop.flatSubmit {
            let channel = link.value.channel
            guard let options = channel as? any SocketOptionProvider else { return channel.close() }
            return options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                .flatMap { channel.close() }
        }.get()
    }
}

private final class PeerRecorder: PeerDriver {
    typealias Incoming = ClientMessage
    typealias Outgoing = ServerMessage

    private let eventLoop: any EventLoop
    private let hello: ServerHello?
    private let accepted: (ScriptedPeer) -> Void
    private var link: PeerLink<ServerMessage>?
    private let stream: AsyncStream<ClientMessage>
    private let arrived: AsyncStream<ClientMessage>.Continuation

    init(
        eventLoop: any EventLoop, hello: ServerHello?, accepted: @escaping (ScriptedPeer) -> Void
    ) {
        self.eventLoop = eventLoop
        self.hello = hello
        self.accepted = accepted
        (stream, arrived) = AsyncStream.makeStream(of: ClientMessage.self)
    }

    func opened(_ link: PeerLink<ServerMessage>) {
        // A scripted server speaks at once; a real one waits for the client's preface.
        link.sendPreface()
        self.link = link
        let bound = NIOLoopBound(link, eventLoop: eventLoop)
        accepted(ScriptedPeer(messages: stream, link: bound, eventLoop: eventLoop))
    }

    func received(_ message: ClientMessage) {
        if let hello, case .hello = message { link?.send(.hello(hello)) }
        arrived.yield(message)
    }

    func closed(_ reason: PeerClosure) { arrived.finish() }
}
