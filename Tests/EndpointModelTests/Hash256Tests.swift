import EndpointModel
import Testing

/// The processor's instructions and the library give one answer, whatever the length. (Where a
/// processor has none, both sides are the library's.)
@Suite("Hash256")
struct Hash256Tests {
    /// No two runs of bytes in it are alike.
    private static let text: [UInt8] = (0..<4_096).map { index in
        UInt8(truncatingIfNeeded: (UInt32(index) &* 2_654_435_761) >> 13)
    }

    private static func bytes(_ count: Int, from start: Int) -> ArraySlice<UInt8> {
        text[start..<start + count]
    }

    @Test("The example of FIPS 180-4")
    func example() {
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Hash256.of(Array("abc".utf8)).description == wanted)
    }

    @Test("One message of every length, wherever it begins")
    func single() {
        for count in 0...600 {
            Self.bytes(count, from: count % 17).withUnsafeBytes { raw in
                #expect(Hash256.of(raw) == Hash256.portable(raw), "\(count) bytes")
            }
        }
    }

    @Test("Two side by side, whichever is the longer")
    func pairs() {
        for left in 0...200 {
            for right in [0, 1, 55, 56, 63, 64, 119, 120, 200 - left, left, 700] {
                Self.bytes(left, from: 3).withUnsafeBytes { leftBytes in
                    Self.bytes(right, from: 900).withUnsafeBytes { rightBytes in
                        let (leftHash, rightHash) = Hash256.pair(leftBytes, rightBytes)
                        #expect(leftHash == Hash256.portable(leftBytes), "\(left) of \(right)")
                        #expect(rightHash == Hash256.portable(rightBytes), "\(right) of \(left)")
                    }
                }
            }
        }
    }

    @Test(
        "Items that are taken in pairs have their own hashes, the last of an odd number too (G6)",
        arguments: 0...5)
    func intake(count: Int) throws {
        var intake = ItemIntake(expecting: count << 14)
        let items = try (0..<UInt64(count)).map { number in
            let bytes = try EncodedItemTests.item(seq: 7 + number).bytes
            return try bytes.withUnsafeBytes { try intake.take($0) }
        }
        intake.finish()
        for item in items { #expect(item.hash == item.withBytes { Hash256.portable($0) }) }
        #expect(Set(items.map(\.hash)).count == count)
    }

    @Test("Bytes that are no item leave the one that waits for its hash as it is")
    func refusedInBetween() throws {
        var intake = ItemIntake(expecting: 0)
        let bytes = try EncodedItemTests.item().bytes
        let first = try bytes.withUnsafeBytes { try intake.take($0) }
        #expect(throws: WireError.self) {
            try [UInt8]([0x08, 0]).withUnsafeBytes { try intake.take($0) }
        }
        intake.finish()
        #expect(first.hash == Hash256.of(bytes))
    }
}
