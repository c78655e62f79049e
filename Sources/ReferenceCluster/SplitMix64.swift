/// Steele, Lea and Flood's splitmix64: a sequence that follows from its seed alone, on every
/// machine and with every version of the standard library. Never for secrets.
struct SplitMix64 {
    private var state: UInt64

    /// The stream of one thing among many: streams of different purposes or numbers have
    /// nothing to do with each other.
    init(seed: UInt64, purpose: Purpose, number: Int) {
        let start = Self.mix(seed ^ Self.mix(purpose.rawValue))
        state = Self.mix(start ^ UInt64(truncatingIfNeeded: number))
    }

    enum Purpose: UInt64 {
        case endpoint = 1
        case workload, block, round
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A number in 0..<bound, each as likely as the others to within 1 in 2^64 / bound.
    mutating func next(below bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Scrambles the numbers of 0..<2^bits without ever giving two the same image.
struct Scrambler {
    let bits: UInt64

    func image(of number: UInt64, key: UInt64) -> UInt64 {
        let mask: UInt64 = (1 << bits) - 1
        // Adding, multiplying by an odd number and folding the upper half onto the lower can
        // each be undone, so no two numbers meet.
        var image = (number &+ key) & mask
        image = (image &* 0x9E37_79B9_7F4A_7C15) & mask
        image ^= image >> (bits / 2)
        image = (image &* 0xBF58_476D_1CE4_E5B9) & mask
        return image ^ (image >> (bits / 2))
    }
}
