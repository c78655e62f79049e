internal import EndpointModel

/// An order-free sum over the rows of the request index, kept by one addition per row. At
/// opening it is compared with a scan: a row that damage took or changed would make a retried
/// request take effect a second time, and nothing else would ever notice (G11).
///
/// It finds damage, not forgery, so it is a fast hash and not SHA-256.
struct RequestIndexSum: Hashable, Sendable {
    var count: UInt64 = 0
    var sum: UInt64 = 0

    mutating func add(_ key: UnsafeRawBufferPointer, _ seq: Seq) {
        count &+= 1
        sum &+= Self.mix(key, seq)
    }

    /// FNV-1a over eight bytes at a time, each step spread by a shift, then Murmur3's finish.
    private static func mix(_ key: UnsafeRawBufferPointer, _ seq: Seq) -> UInt64 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(key.count)
        var offset = 0
        while key.count - offset >= 8 {
            step(&state, key.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian)
            offset += 8
        }
        for byte in key[offset...] { step(&state, UInt64(byte)) }
        step(&state, seq.rawValue)
        state = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
        state = (state ^ state >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return state ^ state >> 33
    }

    private static func step(_ state: inout UInt64, _ word: UInt64) {
        state = (state ^ word) &* 0x0000_0100_0000_01B3
        state ^= state >> 29
    }
}
