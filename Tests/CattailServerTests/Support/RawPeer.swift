import EndpointModel
import NIOCore
import SyncProtocol
import SyncTransport
import Synchronization

/// The other end of a connection, by hand: bytes as they are wanted, right or wrong. It sends on
/// one thread and receives on another.
final class RawPeer<Incoming: WireMessage>: Sendable {
    private let socket: RawSocket
    private let sending = OwnThread()
    private let receiving = OwnThread()
    private let state = Mutex(State())

    private struct State {
        var decoder = FrameDecoder()
        var isAtEnd = false
    }

    init(_ socket: RawSocket) { self.socket = socket }

    // MARK: Sending

    /// False when the other end takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) async -> Bool {
        let socket = socket
        return await sending.run { socket.send(bytes) }
    }

    /// Sends as much as the socket takes without waiting; the bytes sent.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int { socket.sendWithoutWaiting(bytes) }

    @discardableResult
    func send(_ message: some WireMessage) async -> Bool {
        await send(PlainFrame.bytes(message))
    }

    func sendPreface() async { await send(FrameFormat.preface) }

    func shutdownSending() { socket.shutdownSending() }

    // MARK: Receiving

    /// Whether the other end has closed, as far as was received.
    var isAtEnd: Bool { state.withLock(\.isAtEnd) }

    func limitReceiveBuffer(_ bytes: Int32) { socket.limitReceiveBuffer(bytes) }

    /// The next message; nil at the end of the connection.
    func next() async throws -> Incoming? {
        try await receiving.run { try self.state.withLock { try self.next(&$0) } }
    }

    /// Everything until the connection's end.
    func rest() async throws -> [Incoming] {
        try await receiving.run {
            try self.state.withLock { state in
                var messages: [Incoming] = []
                while let message = try self.next(&state) { messages.append(message) }
                return messages
            }
        }
    }

    /// Raw bytes; nil at the end.
    func receive() async throws -> [UInt8]? {
        try await receiving.run { try self.state.withLock { try self.receive(&$0) } }
    }

    private func next(_ state: inout State) throws -> Incoming? {
        while true {
            if let frame = try state.decoder.next() { return try Incoming(decoding: frame.body) }
            guard let bytes = try receive(&state) else { return nil }
            state.decoder.push(bytes)
        }
    }

    private func receive(_ state: inout State) throws -> [UInt8]? {
        let bytes = try socket.receive()
        if bytes == nil { state.isAtEnd = true }
        return bytes
    }
}

typealias RawClient = RawPeer<ServerMessage>
typealias RawServer = RawPeer<ClientMessage>

extension RawPeer where Incoming == ServerMessage {
    convenience init(to address: ServerAddress, receiveBuffer: Int32? = nil) async throws {
        let socket = try await OwnThread().run {
            try RawSocket(to: address, receiveBuffer: receiveBuffer)
        }
        self.init(socket)
    }

    /// Preface and hello.
    func greet(_ hello: ClientHello = ClientHello(role: .requests, actor: "raw")) async {
        await sendPreface()
        await send(ClientMessage.hello(hello))
    }

    /// The goodbye that ends the connection; nil when it ends without one.
    func goodbye() async throws -> Goodbye? {
        for message in try await rest() {
            if case .goodbye(let goodbye) = message { return goodbye }
        }
        return nil
    }

    func send(_ message: ClientMessage) async { await send(PlainFrame.bytes(message)) }

    static func messages(_ bytes: [UInt8]) throws -> [ServerMessage] {
        var decoder = FrameDecoder()
        decoder.push(bytes)
        var messages: [ServerMessage] = []
        while let frame = try decoder.next() {
            messages.append(try ServerMessage(decoding: frame.body))
        }
        return messages
    }
}

/// Listens like a node and is none.
final class RawListener: Sendable {
    let address: ServerAddress
    private let socket: RawSocket
    private let accepting = OwnThread()

    init() throws { (socket, address) = try RawSocket.listening() }

    func accept() async throws -> RawServer {
        let socket = socket
        return RawServer(try await accepting.run { try socket.accept() })
    }
}

extension PlainFrame {
    static func bytes(_ message: some WireMessage) -> [UInt8] {
        Array(make(message).readableBytesView)
    }
}
