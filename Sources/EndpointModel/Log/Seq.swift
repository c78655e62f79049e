/// The number of an event in its log: 1, 2, 3 …; 0 is the empty log.
public struct Seq: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public var rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Before the first event.
    public static let zero = Seq(0)
    /// The greatest seq that a log may reach: SQLite's row IDs are signed.
    public static let last = Seq(UInt64(Int64.max) - 1)

    /// The seq that follows. A log ends at `Seq.last`, which admission refuses to pass, so this
    /// cannot overflow on a seq that came through a checked door.
    public var next: Seq { Seq(rawValue &+ 1) }

    public static func < (left: Seq, right: Seq) -> Bool { left.rawValue < right.rawValue }
    public var description: String { String(rawValue) }
}
