package import EndpointModel

/// What the log must still hold, kept outside its WAL: SQLite drops commits silently when the
/// WAL is damaged, and the anchor makes that loud (G1). `docs/decisions/0002-log-anchor.md`.
package struct LogAnchor: Hashable, Sendable {
    package var logID: LogID
    /// Grows by one with each write; the greater of two valid slots is the newer.
    package var generation: UInt64
    package var head: LogHead
    var requests: RequestIndexSum
}

/// The bytes of one slot, integers big-endian:
///
///     0  magic "CTANCHR1"     32  seq               80  sum of the request index
///     8  logID, 16 bytes      40  chain, 32 bytes   88  SHA-256 of the 88 bytes before
///    24  generation           72  requests         120  end
extension LogAnchor {
    static let magic = Array("CTANCHR1".utf8)
    static let slotBytes = 120
    private static let signedBytes = 88

    func encoded() -> [UInt8] {
        var bytes = Self.magic + logID.bytes
        bytes.reserveCapacity(Self.slotBytes)
        bytes.append(bigEndian: generation)
        bytes.append(bigEndian: head.seq.rawValue)
        bytes += head.chain.bytes
        bytes.append(bigEndian: requests.count)
        bytes.append(bigEndian: requests.sum)
        bytes += Hash256.of(bytes).bytes
        return bytes
    }

    /// Nil for anything but a whole slot whose checksum is right.
    init?(slot: UnsafeRawBufferPointer) {
        guard slot.count >= Self.slotBytes, slot.starts(with: Self.magic),
            let checksum = Hash256(bytes: Self.part(slot, 88..<120)),
            Hash256.of(Self.part(slot, 0..<Self.signedBytes)) == checksum,
            let logID = LogID(bytes: Self.part(slot, 8..<24)),
            let chain = Hash256(bytes: Self.part(slot, 40..<72))
        else { return nil }
        self.logID = logID
        generation = Self.integer(slot, at: 24)
        head = LogHead(seq: Seq(Self.integer(slot, at: 32)), chain: chain)
        requests = RequestIndexSum(
            count: Self.integer(slot, at: 72), sum: Self.integer(slot, at: 80))
    }

    private static func part(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    private static func integer(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: UInt64) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
