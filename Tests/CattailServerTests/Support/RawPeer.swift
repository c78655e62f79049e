import EndpointModel
import Foundation
import NIOCore
import SyncProtocol
import SyncTransport

/// The other end of a connection, by hand: bytes as they are wanted, right or wrong.
final class RawPeer<Incoming: WireMessage> {
    private let descriptor: Int32
    private var decoder = FrameDecoder()
    private(set) var isAtEnd = false

    init(descriptor: Int32, receiveSeconds: Int = 10) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: receiveSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    deinit { Glibc.close(descriptor) }

    // MARK: Sending

    /// False when the other end takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Sends as much as the socket takes without waiting; the bytes sent.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(
                descriptor, $0.baseAddress, $0.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    @discardableResult
    func send(_ message: some WireMessage) -> Bool { send(PlainFrame.bytes(message)) }

    func sendPreface() { send(FrameFormat.preface) }

    func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: Receiving

    /// The next message; nil at the end of the connection.
    func next() throws -> Incoming? {
        while true {
            if let frame = try decoder.next() { return try Incoming(decoding: frame.body) }
            guard let bytes = try receive() else { return nil }
            decoder.push(bytes)
        }
    }

    /// Everything until the connection's end.
    func rest() throws -> [Incoming] {
        var messages: [Incoming] = []
        while let message = try next() { messages.append(message) }
        return messages
    }

    /// Raw bytes; nil at the end.
    func receive() throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        if count < 0, errno == EAGAIN { throw Overdue(description: "nothing came") }
        // A reset is an end too.
        guard count > 0 else {
            isAtEnd = true
            return nil
        }
        return Array(bytes.prefix(count))
    }

    /// How many bytes wait in the socket, without taking them.
    func limitReceiveBuffer(_ bytes: Int32) {
        var size = bytes
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
}

typealias RawClient = RawPeer<ServerMessage>
typealias RawServer = RawPeer<ClientMessage>

extension RawPeer where Incoming == ServerMessage {
    convenience init(to address: ServerAddress, receiveBuffer: Int32? = nil) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(
                descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var target = sockaddr_in.loopback(port: address.port)
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            Glibc.close(descriptor)
            throw Overdue(description: "connect: \(String(cString: strerror(errno)))")
        }
        self.init(descriptor: descriptor)
    }

    /// Preface and hello.
    func greet(_ hello: ClientHello = ClientHello(role: .requests, actor: "raw")) {
        sendPreface()
        send(ClientMessage.hello(hello))
    }

    /// The goodbye that ends the connection; nil when it ends without one.
    func goodbye() throws -> Goodbye? {
        for message in try rest() { if case .goodbye(let goodbye) = message { return goodbye } }
        return nil
    }
}

/// Listens like a node and is none.
final class RawListener: Sendable {
    let address: ServerAddress
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var own = sockaddr_in.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) | listen(descriptor, 16)
                    | getsockname(descriptor, $0, &size)
            }
        }
        guard result == 0 else {
            Glibc.close(descriptor)
            throw Overdue(description: "listen: \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        address = ServerAddress(host: "127.0.0.1", port: UInt16(bigEndian: own.sin_port))
    }

    deinit { Glibc.close(descriptor) }

    func accept() throws -> RawServer {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 15_000) == 1 else {
            throw Overdue(description: "nobody connected")
        }
        return RawServer(descriptor: Glibc.accept(descriptor, nil, nil))
    }
}

extension sockaddr_in {
    fileprivate static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

extension PlainFrame {
    static func bytes(_ message: some WireMessage) -> [UInt8] {
        Array(make(message).readableBytesView)
    }
}

/// What this process holds of a node, whatever else runs in it.
enum Held {
    /// Sockets on the node's side of its connections.
    static func connections(of address: ServerAddress) throws -> Int {
        let port = String(format: ":%04X", address.port)
        let table = try text("/proc/self/net/tcp")
        return table.split(separator: "\n").dropFirst().filter { line in
            let fields = line.split(separator: " ")
            // 0A listens, 06 is the kernel's alone.
            return fields.count > 9 && fields[1].hasSuffix(port)
                && !["0A", "06"].contains(String(fields[3])) && fields[9] != "0"
        }.count
    }

    /// The kernel's files have no size; they are read to their end.
    private static func text(_ path: String) throws -> String {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var data = Data()
        while let more = try file.read(upToCount: 64 << 10), !more.isEmpty { data += more }
        return String(decoding: data, as: UTF8.self)
    }

    static func residentBytes() throws -> Int {
        let pages = try text("/proc/self/statm").split(separator: " ")
        return (Int(pages[1]) ?? 0) * 4096
    }
}
