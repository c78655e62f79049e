internal import Glibc
internal import NIOCore
internal import NIOPosix

/// What the network said, for people: the system's own words, without the layers around them.
package enum NetworkText {
    package static func of(_ error: any Error) -> String {
        switch error {
        case let failure as NIOConnectionError:
            failure.connectionErrors.first.map { of($0.error) } ?? noSuchName
        case let failure as IOError: String(cString: strerror(failure.errnoCode))
        case ChannelError.connectTimeout: "no answer"
        case SocketAddressError.unknown: noSuchName
        default: "\(error)"
        }
    }

    /// An IP address by its bytes; nil when they are none.
    package static func address(of bytes: [UInt8]) -> String? {
        let address = try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0)
        return address?.ipAddress
    }

    private static let noSuchName = "the name does not resolve"
}
