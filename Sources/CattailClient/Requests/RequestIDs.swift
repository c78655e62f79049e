/// Gives request IDs: 16 hexadecimal digits that are random per client, and 8 that count. So IDs
/// of one client stand side by side in the log's index.
package struct RequestIDs: Sendable {
    private var prefix: String
    private var counter: UInt32 = 0
    private var random: SplitMix

    package init(seed: UInt64) {
        random = SplitMix(state: seed)
        prefix = ""
        prefix = Self.digits(random.next(), count: 16) + "-"
    }

    package mutating func next() -> String {
        counter &+= 1
        if counter == 0 { prefix = Self.digits(random.next(), count: 16) + "-" }
        return prefix + Self.digits(UInt64(counter), count: 8)
    }

    private static func digits(_ value: UInt64, count: Int) -> String {
        String(unsafeUninitializedCapacity: count) { target in
            for index in 0..<count {
                let nibble =
                    UInt8(truncatingIfNeeded: value >> (4 * UInt64(count - 1 - index))) & 15
                target[index] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
            }
            return count
        }
    }
}
