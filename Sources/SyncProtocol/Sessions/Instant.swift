/// A moment of a clock that never goes back, in milliseconds from any beginning. Sessions are told
/// the time; they never ask.
package struct Instant: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func + (instant: Instant, interval: Interval) -> Instant {
        Instant(milliseconds: instant.milliseconds &+ interval.milliseconds)
    }
}

/// A span of time in milliseconds.
package struct Interval: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (left: Interval, right: Interval) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func * (interval: Interval, count: Int64) -> Interval {
        Interval(milliseconds: interval.milliseconds &* count)
    }
}
