/// The 16 random bytes that name a log for ever; written as a UUID.
public struct LogID: Hashable, Sendable, CustomStringConvertible {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 16 raw bytes; nil for any other length.
    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// A version 4 UUID from the given source of randomness.
    public static func random(using generator: inout some RandomNumberGenerator) -> LogID {
        LogID(
            high: generator.next() & ~0xF000 | 0x4000,
            low: generator.next() & ~(3 << 62) | 2 << 62)
    }

    public var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { target in
            var index = 0
            for digit in 0..<32 {
                if digit >= 8, digit <= 20, digit % 4 == 0 {
                    target[index] = UInt8(ascii: "-")
                    index += 1
                }
                let half = digit < 16 ? high : low
                target[index] = Hexadecimal.digit(half >> UInt64(60 - digit % 16 * 4))
                index += 1
            }
            return index
        }
    }

    /// Reads the 36-character form of a UUID, of either case; nil for anything else.
    public init?(_ text: String) {
        let characters = Array(text.utf8)
        let dashes = [8, 13, 18, 23]
        guard characters.count == 36, dashes.allSatisfy({ characters[$0] == 0x2D }),
            let raw = Hexadecimal.bytes(text.replacing("-", with: "")), raw.count == 16
        else { return nil }
        self = raw.withUnsafeBytes { LogID(unchecked: $0) }
    }

    private init(unchecked bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// `chain(0)` of this log: the hash of a domain tag and the 16 raw bytes.
    public var chainOrigin: Hash256 { Hash256.of(Array("cattail/log/v1".utf8) + bytes) }
}

/// One leader's reign: a number that grows, and the random ID of the leader that began it.
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var number: UInt64
    public var leaderID: UInt64

    public init(number: UInt64, leaderID: UInt64) {
        self.number = number
        self.leaderID = leaderID
    }

    /// Before the first epoch event.
    public static let none = Epoch(number: 0, leaderID: 0)

    public static func < (left: Epoch, right: Epoch) -> Bool {
        left.number == right.number
            ? left.leaderID < right.leaderID : left.number < right.number
    }

    public var description: String {
        var id = String(leaderID, radix: 16)
        id = String(repeating: "0", count: 16 - id.count) + id
        return "\(number)-\(id)"
    }
}

/// Names one exact history: the log, the epoch that was in force, the last seq and the chain
/// hash there.
public struct Position: Hashable, Sendable {
    public var logID: LogID
    public var epoch: Epoch
    public var seq: Seq
    public var chain: Hash256

    public init(logID: LogID, epoch: Epoch, seq: Seq, chain: Hash256) {
        self.logID = logID
        self.epoch = epoch
        self.seq = seq
        self.chain = chain
    }

    /// The position before the first event of a log.
    public static func origin(of logID: LogID) -> Position {
        Position(logID: logID, epoch: .none, seq: .zero, chain: logID.chainOrigin)
    }
}
