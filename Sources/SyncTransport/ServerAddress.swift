internal import NIOCore

/// Where a node listens: a host name or IP address, and a port.
///
/// Written `HOST:PORT`; an IPv6 address stands in brackets, `[::1]:5474`.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without brackets.
    public var host: String
    public var port: UInt16

    /// Where a leader listens unless told otherwise.
    public static let standard = ServerAddress(host: "127.0.0.1", port: 5474)

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...].utf8
        guard (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(String(text[text.index(after: colon)...]))
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 {
            host = host.dropFirst().dropLast()
            guard host.utf8.contains(0x3A) else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(where: Self.isForeign)
        else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Reads `HOST:PORT[,HOST:PORT…]`; nil when one of them is none.
    public static func list(_ text: String) -> [ServerAddress]? {
        var addresses: [ServerAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = ServerAddress(String(part)) else { return nil }
            addresses.append(address)
        }
        return addresses
    }

    /// As it is read: `HOST:PORT` or `[HOST]:PORT`.
    public var description: String {
        host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether the host is an IP address, and no name.
    package var isAddress: Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }

    /// What no host is written with: control characters, space, and what belongs around a host.
    private static func isForeign(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || byte == 0x2F || byte == 0x5B || byte == 0x5D
    }
}
