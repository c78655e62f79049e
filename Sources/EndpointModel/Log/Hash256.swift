internal import CSHA256
internal import Crypto

/// A SHA-256 value, held as four big-endian lanes so that it costs no allocation.
public struct Hash256: Hashable, Sendable {
    public var lane0: UInt64
    public var lane1: UInt64
    public var lane2: UInt64
    public var lane3: UInt64

    public static let byteCount = 32
    public static let zero = Hash256(lane0: 0, lane1: 0, lane2: 0, lane3: 0)

    public init(lane0: UInt64, lane1: UInt64, lane2: UInt64, lane3: UInt64) {
        self.lane0 = lane0
        self.lane1 = lane1
        self.lane2 = lane2
        self.lane3 = lane3
    }

    /// The 32 bytes as they stand on the wire; nil for any other length.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(unchecked: bytes)
    }

    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        self = Array(bytes).withUnsafeBytes { Hash256(unchecked: $0) }
    }

    private init(unchecked bytes: UnsafeRawBufferPointer) {
        lane0 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        lane1 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        lane2 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        lane3 = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
    }

    /// Whether this processor has instructions for SHA-256
    /// (docs/decisions/0013-hashes-side-by-side.md).
    private static let hasInstructions = csha256_is_available()

    /// SHA-256 of the given bytes.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> Hash256 {
        guard hasInstructions else { return portable(bytes) }
        return withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 16) { digest in
            csha256(bytes.bytePointer, bytes.count, digest.bytePointer)
            return Hash256(unchecked: UnsafeRawBufferPointer(digest))
        }
    }

    /// SHA-256 of two runs of bytes: little more than the price of one.
    package static func pair(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
        -> (Hash256, Hash256)
    {
        guard hasInstructions else { return (portable(left), portable(right)) }
        return withUnsafeTemporaryAllocation(byteCount: 2 * byteCount, alignment: 16) { digests in
            let second = UnsafeMutableRawBufferPointer(rebasing: digests[byteCount...])
            csha256_pair(
                left.bytePointer, left.count, digests.bytePointer, right.bytePointer, right.count,
                second.bytePointer)
            return (
                Hash256(unchecked: UnsafeRawBufferPointer(digests)),
                Hash256(unchecked: UnsafeRawBufferPointer(second))
            )
        }
    }

    /// By the library, on any processor: what the instructions must agree with.
    package static func portable(_ bytes: UnsafeRawBufferPointer) -> Hash256 {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        return hasher.finalize().withUnsafeBytes { Hash256(unchecked: $0) }
    }

    public static func of(_ bytes: [UInt8]) -> Hash256 {
        bytes.withUnsafeBytes { of($0) }
    }

    /// SHA-256 of this hash's bytes followed by the other's: a link of the chain.
    public func followed(by other: Hash256) -> Hash256 {
        var lanes = (
            lane0.bigEndian, lane1.bigEndian, lane2.bigEndian, lane3.bigEndian,
            other.lane0.bigEndian, other.lane1.bigEndian, other.lane2.bigEndian,
            other.lane3.bigEndian
        )
        return withUnsafeBytes(of: &lanes) { Self.of($0) }
    }

    /// Calls `body` with the 32 bytes as they stand on the wire.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        var lanes = (lane0.bigEndian, lane1.bigEndian, lane2.bigEndian, lane3.bigEndian)
        return try withUnsafeBytes(of: &lanes, body)
    }

    public var bytes: [UInt8] { withBytes { Array($0) } }
}

extension UnsafeRawBufferPointer {
    fileprivate var bytePointer: UnsafePointer<UInt8>? {
        baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var bytePointer: UnsafeMutablePointer<UInt8>? {
        baseAddress?.assumingMemoryBound(to: UInt8.self)
    }
}

extension Hash256: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public var description: String { withBytes { Hexadecimal.text($0) } }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.bytes(text) else { return nil }
        self.init(bytes)
    }
}

/// Bytes as lower-case hexadecimal digits, and back.
public enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    public static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { target in
            for (index, byte) in bytes.enumerated() {
                target[index * 2] = digits[Int(byte >> 4)]
                target[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }

    /// Of the lowest four bits.
    static func digit(_ value: UInt64) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: value & 15)
        return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    public static func text(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { text($0) } }

    /// Nil when the count is odd or a character is no hexadecimal digit of either case.
    public static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let value = nibble(character) else { return nil }
            if let upper = high {
                result.append(upper << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return result
    }

    private static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x37
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }
}
