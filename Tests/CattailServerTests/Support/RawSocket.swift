import Foundation
import SyncTransport

/// A TCP socket of the kernel's, whose calls block, but not for ever.
final class RawSocket: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32, patienceSeconds: Int = 10) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    deinit { Glibc.close(descriptor) }

    private static func make() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func failure(_ call: String) -> Overdue {
        Overdue(description: "\(call): \(String(cString: strerror(errno)))")
    }

    // MARK: Connecting

    convenience init(to address: ServerAddress, receiveBuffer: Int32?) throws {
        self.init(Self.make())
        if let receiveBuffer { limitReceiveBuffer(receiveBuffer) }
        var target = sockaddr_in.loopback(port: address.port)
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Self.failure("connect") }
    }

    static func listening() throws -> (RawSocket, ServerAddress) {
        // A follower that was refused comes back after seconds.
        let made = RawSocket(make(), patienceSeconds: 15)
        var own = sockaddr_in.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made.descriptor, $0, size) | listen(made.descriptor, 16)
                    | getsockname(made.descriptor, $0, &size)
            }
        }
        guard result == 0 else { throw failure("listen") }
        return (made, ServerAddress(host: "127.0.0.1", port: UInt16(bigEndian: own.sin_port)))
    }

    func accept() throws -> RawSocket {
        // The patience for receiving is that for accepting too.
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw Self.failure("nobody connected") }
        return RawSocket(accepted)
    }

    // MARK: Bytes

    /// What the kernel takes for this end before it is read; afterwards too, when it is more.
    func limitReceiveBuffer(_ bytes: Int32) {
        set(bytes, SOL_SOCKET, SO_RCVBUF)
        set(bytes, Int32(IPPROTO_TCP), TCP_WINDOW_CLAMP)
    }

    private func set(_ value: Int32, _ level: Int32, _ option: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// False when the other end takes no more.
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

    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(
                descriptor, $0.baseAddress, $0.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
    }

    func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What there is, waiting for the first byte; nil at the end.
    func receive() throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        if count < 0, errno == EAGAIN { throw Overdue(description: "nothing came") }
        // A reset is an end too.
        return count > 0 ? Array(bytes.prefix(count)) : nil
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
