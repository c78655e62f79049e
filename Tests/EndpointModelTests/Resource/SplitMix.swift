/// SplitMix64: a seeded generator, so that a failing case comes back.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A text of the given scalars, of `lengths` many.
    mutating func text(of alphabet: String, lengths: ClosedRange<Int>) -> String {
        let scalars = Array(alphabet.unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: lengths, using: &self) {
            text.append(scalars.randomElement(using: &self) ?? "x")
        }
        return String(text)
    }

    /// Any bytes at all, made text by replacing what is none.
    mutating func noise(lengths: ClosedRange<Int>) -> String {
        let count = Int.random(in: lengths, using: &self)
        return String(
            decoding: (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) },
            as: UTF8.self)
    }
}
