/// SHA-224 (FIPS 180-4): SHA-256 from other initial values, cut to 28 bytes.
///
/// Our own because swift-crypto offers SHA-256, 384 and 512 only and none of them can start from
/// other values. It serves the names of selectors, never security.
enum SHA224 {
    static func hash(_ message: [UInt8]) -> [UInt8] {
        var state: [UInt32] = [
            0xC105_9ED8, 0x367C_D507, 0x3070_DD17, 0xF70E_5939,
            0xFFC0_0B31, 0x6858_1511, 0x64F9_8FA7, 0xBEFA_4FA4,
        ]
        let wholeBytes = message.count / 64 * 64
        message.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: wholeBytes, by: 64) {
                mix(bytes[rebasing: start..<start + 64], into: &state)
            }
        }
        padding(message[wholeBytes...], messageBytes: message.count).withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 64) {
                mix(bytes[rebasing: start..<start + 64], into: &state)
            }
        }
        return state.prefix(7).flatMap { word in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
        }
    }

    /// The last block or two: what is left, a one bit, zeros, and the message's length in bits.
    private static func padding(_ rest: ArraySlice<UInt8>, messageBytes: Int) -> [UInt8] {
        var block = Array(rest) + [0x80]
        while block.count % 64 != 56 { block.append(0) }
        let bits = UInt64(messageBytes) &* 8
        return block + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
    }

    private static func mix(_ block: UnsafeRawBufferPointer, into state: inout [UInt32]) {
        var words = (0..<16).map {
            UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
        }
        for index in 16..<64 {
            let near = words[index - 2]
            let far = words[index - 15]
            let sum1 = rotate(near, 17) ^ rotate(near, 19) ^ (near >> 10)
            let sum0 = rotate(far, 7) ^ rotate(far, 18) ^ (far >> 3)
            words.append(words[index - 16] &+ sum0 &+ words[index - 7] &+ sum1)
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
            let choice = (e & f) ^ (~e & g)
            let first = h &+ sum1 &+ choice &+ constants[index] &+ words[index]
            let sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ sum0 &+ majority)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
    }

    private static func rotate(_ word: UInt32, _ bits: UInt32) -> UInt32 {
        word >> bits | word << (32 - bits)
    }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5,
        0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3,
        0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC,
        0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
        0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13,
        0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3,
        0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5,
        0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208,
        0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]
}
