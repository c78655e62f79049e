/// Judges a connection by the bytes that move on it, not by pongs: a slow peer that still takes
/// bytes is alive, however long its pong waits behind them (G9).
struct Liveness: Hashable, Sendable {
    enum Verdict: Hashable, Sendable {
        case alive
        /// Nothing moved for an interval: ask once.
        case ping(UInt64)
        /// Nothing moved for three.
        case silent
    }

    private let interval: Interval
    private var lastMoved: Instant
    private var pinged = false
    private var nextNumber: UInt64 = 1

    init(interval: Interval, at now: Instant) {
        self.interval = interval
        lastMoved = now
    }

    mutating func moved(at now: Instant) {
        lastMoved = max(lastMoved, now)
        pinged = false
    }

    mutating func judge(at now: Instant) -> Verdict {
        if now >= silentAt { return .silent }
        if pinged || now < lastMoved + interval { return .alive }
        pinged = true
        defer { nextNumber &+= 1 }
        return .ping(nextNumber)
    }

    /// When `judge` next has something to say.
    var deadline: Instant { pinged ? silentAt : lastMoved + interval }

    private var silentAt: Instant { lastMoved + interval * Limits.silentIntervals }
}
