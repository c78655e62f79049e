package import EndpointModel

/// The file in which a subscriber keeps what it holds over a restart.
///
/// | part | bytes |
/// |---|---|
/// | preface | 8: `CATHELD` and the format's version |
/// | blocks | each: `u32` big-endian length of the body, 8 bytes of check, body |
///
/// The check is the beginning of the body's SHA-256. The first body is the fingerprint of the
/// selection that was asked for and that of the one given, 32 bytes each. Every other is an encoded `ServerMessage.changes` as on the wire,
/// and those up to and with one that has a mark belong together: first everything that was held,
/// then what changed, batch by batch. A file that was cut off at any byte is good up to its last
/// mark; marks carry the digest, so whoever reads it can prove what it says.
package enum CacheFile {
    package static let preface: [UInt8] = Array("CATHELD".utf8) + [2]
    /// The greatest body: as of a message on the wire.
    package static let bodyBytesMaximum = Limits.inflatedBytes
    static let lengthBytes = 4
    static let checkBytes = 8
    static let headBytes = lengthBytes + checkBytes

    /// Which selection a file holds, by fingerprints.
    package struct Held: Hashable, Sendable {
        package let wanted: Hash256
        /// Narrower where rights narrow it (R67).
        package let given: Hash256

        package init(wanted: Hash256, given: Hash256) {
            self.wanted = wanted
            self.given = given
        }

        init?(bytes: UnsafeRawBufferPointer) {
            guard bytes.count == 64,
                let wanted = Hash256(bytes: UnsafeRawBufferPointer(rebasing: bytes[..<32])),
                let given = Hash256(bytes: UnsafeRawBufferPointer(rebasing: bytes[32...]))
            else { return nil }
            self.init(wanted: wanted, given: given)
        }

        var bytes: [UInt8] { wanted.withBytes { Array($0) } + given.withBytes { Array($0) } }
    }

    static func check(of body: UnsafeRawBufferPointer) -> UInt64 { Hash256.of(body).lane0 }
}

/// Why a cache file cannot be used, or not behind some mark.
package enum CacheFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a cache file, or of another version.
    case prefaceMismatch
    case lengthOutOfRange(offset: Int, length: UInt32)
    /// The body is not what was written.
    case checkMismatch(offset: Int)
    case bodyMalformed(offset: Int, WireError)
    case fingerprintMissing

    // error-codes
    package var code: String {
        switch self {
        case .prefaceMismatch: "cache-foreign"
        case .lengthOutOfRange, .checkMismatch, .bodyMalformed, .fingerprintMissing:
            "cache-damaged"
        }
    }

    package var description: String {
        switch self {
        case .prefaceMismatch: "\(code): the file is no cache of this version"
        case .lengthOutOfRange(let offset, let length):
            "\(code): the block at byte \(offset) says that it is \(length) bytes long"
        case .checkMismatch(let offset): "\(code): the block at byte \(offset) fails its check"
        case .bodyMalformed(let offset, let error):
            "\(code): the block at byte \(offset) does not read: \(error)"
        case .fingerprintMissing: "\(code): the file does not say which selection it holds"
        }
    }
}
