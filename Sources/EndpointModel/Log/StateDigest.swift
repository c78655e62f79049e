/// The order-free sum of the item hashes of a set of live endpoints: four 64-bit lanes, each
/// wrapping by itself. One subtraction and one addition per event keep it; equal sets have
/// equal digests. It finds lost, repeated, stale and damaged items; against a forger stands the
/// chain (G6).
public struct StateDigest: Hashable, Sendable, CustomStringConvertible {
    public private(set) var sum: Hash256

    /// The digest of the empty set.
    public static let empty = StateDigest(sum: .zero)

    public init(sum: Hash256) { self.sum = sum }

    public mutating func add(_ itemHash: Hash256) {
        sum.lane0 &+= itemHash.lane0
        sum.lane1 &+= itemHash.lane1
        sum.lane2 &+= itemHash.lane2
        sum.lane3 &+= itemHash.lane3
    }

    public mutating func subtract(_ itemHash: Hash256) {
        sum.lane0 &-= itemHash.lane0
        sum.lane1 &-= itemHash.lane1
        sum.lane2 &-= itemHash.lane2
        sum.lane3 &-= itemHash.lane3
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { sum.description }
}
