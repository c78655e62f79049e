/// How long an upstream that is itself cut off is followed while there are others: one of them may
/// be in touch with the leader, or be it.
package struct UpstreamPatience: Sendable {
    package static let milliseconds: UInt64 = 15_000

    /// When it was first heard that the upstream is cut off, on a clock that never goes back.
    private var staleAt: UInt64?

    package init() {}

    package mutating func heard(isStale: Bool, at now: UInt64) {
        staleAt = isStale ? staleAt ?? now : nil
    }

    /// Nobody is followed now.
    package mutating func lost() { staleAt = nil }

    package func isOver(at now: UInt64) -> Bool {
        guard let staleAt else { return false }
        return now >= staleAt && now - staleAt >= Self.milliseconds
    }
}
