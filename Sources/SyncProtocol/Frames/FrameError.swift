/// Why bytes from a peer are no frame. Every one ends the connection: behind a bad frame nothing
/// says where the next begins.
package enum FrameError: Error, Hashable, Sendable {
    /// The first 8 bytes are another protocol's, or another framing's.
    case prefaceMismatch
    /// The length field names more than is allowed here.
    case frameTooLong(bytes: Int, limit: Int)
    /// The length field is 0: not even a header byte.
    case frameEmpty
    /// The header's low four bits name no codec that is known.
    case codecUnknown(UInt8)
    /// The header's high four bits name no dictionary that is known.
    case dictionaryUnknown(UInt8)
    /// A hello is compressed.
    case handshakeCompressed
    /// A compressed body has no room for its inflated size.
    case inflatedSizeMissing
    /// A compressed body says that it inflates to more than is allowed.
    case inflatedSizeTooLarge(bytes: Int, limit: Int)
    /// A compressed body inflates to more or less than it says.
    case inflatedSizeMismatch(stated: Int)
    /// A compressed body is no zlib stream, or its checksum is wrong, or it ends early.
    case deflateDamaged
    /// Bytes stand behind the zlib stream.
    case deflateTrailingBytes(Int)
}

extension FrameError: CustomStringConvertible {
    /// The code that goodbyes, logs and vectors use.
    package var code: String {
        switch self {
        case .prefaceMismatch: "preface-mismatch"
        case .frameTooLong: "frame-too-long"
        case .frameEmpty: "frame-empty"
        case .codecUnknown: "codec-unknown"
        case .dictionaryUnknown: "dictionary-unknown"
        case .handshakeCompressed: "handshake-compressed"
        case .inflatedSizeMissing: "inflated-size-missing"
        case .inflatedSizeTooLarge: "inflated-size-too-large"
        case .inflatedSizeMismatch: "inflated-size-mismatch"
        case .deflateDamaged: "deflate-damaged"
        case .deflateTrailingBytes: "deflate-trailing-bytes"
        }
    }

    package var description: String {
        switch self {
        case .prefaceMismatch:
            "\(code): the peer speaks another protocol; is the address right?"
        case .frameTooLong(let bytes, let limit), .inflatedSizeTooLarge(let bytes, let limit):
            "\(code): \(bytes) bytes, at most \(limit)"
        case .codecUnknown(let number), .dictionaryUnknown(let number): "\(code): \(number)"
        case .inflatedSizeMismatch(let stated): "\(code): not the \(stated) bytes it states"
        case .deflateTrailingBytes(let bytes): "\(code): \(bytes)"
        case .frameEmpty, .handshakeCompressed, .inflatedSizeMissing, .deflateDamaged: code
        }
    }
}
