package import EndpointModel

/// Watches that the wall clock goes on: events are stamped `max(previous, wall clock)`, and so a
/// clock that went back would stamp them all alike for as long as nobody sees it.
package struct ClockWatch: Sendable {
    /// The latest that was read.
    private var latest: Timestamp
    private var isBehind = false

    /// Steps smaller than this are what time daemons make.
    private static let toleranceMicroseconds: Int64 = 1_000_000

    /// - Parameter lastTime: Of the log's last event.
    package init(lastTime: Timestamp) { latest = lastTime }

    /// How far the clock stands behind what it has shown before, in microseconds; told once for
    /// each time that it goes back.
    package mutating func jumpBack(at now: Timestamp) -> Int64? {
        let behind = latest.microseconds - now.microseconds
        guard behind > 0 else {
            latest = now
            isBehind = false
            return nil
        }
        guard !isBehind, behind > Self.toleranceMicroseconds else { return nil }
        isBehind = true
        return behind
    }
}
