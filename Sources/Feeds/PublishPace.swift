/// When what is committed is published: behind what the serving thread has to do already, and
/// not before that thread has been free for as long as the last time took. At rest that is at
/// once, and no timer adds latency; under load commits gather in one frame and half of the
/// thread's time is left to others. A plain value on a clock of nanoseconds that never goes back.
package struct PublishPace: Sendable {
    /// `publish` will be called.
    private var isPlanned = false
    /// When the last time began.
    private var start: UInt64 = 0
    /// When the thread has been free for long enough.
    private var due: UInt64 = 0

    package init() {}

    package enum Plan: Hashable, Sendable {
        /// Behind what the thread has to do already.
        case soon
        case at(UInt64)
    }

    /// Something is there to be published.
    ///
    /// - Returns: When to do it; nil when that was said before.
    package mutating func wanted(at now: UInt64) -> Plan? {
        guard !isPlanned else { return nil }
        isPlanned = true
        return due <= now ? .soon : .at(due)
    }

    /// It is being published. What is wanted from now on is for the next time.
    package mutating func begun(at now: UInt64) {
        isPlanned = false
        start = now
    }

    package mutating func ended(at now: UInt64) { due = now &+ (now &- start) }
}
