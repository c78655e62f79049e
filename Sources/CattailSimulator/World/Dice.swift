/// SplitMix64: the same numbers from the same seed on every machine. Whoever acts has dice of its
/// own, so that one more throw of one does not change the luck of another.
struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int {
        precondition(count > 0, "one of none")
        return Int(next() % UInt64(count))
    }

    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    /// Both ends included.
    mutating func between(_ low: UInt64, _ high: UInt64) -> UInt64 {
        low + next() % (high - low + 1)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    mutating func fork() -> Dice { Dice(seed: next()) }
}
