/// When what is committed is published: behind what the serving thread has to do already, and
/// not before that thread has been free for three times what the last time cost it. At rest that
/// is at once, and no timer adds latency; under load commits gather in one frame, and three
/// quarters of the thread's time are left to mutations, answers and other readers.
///
/// The cost is processor time. By the wall clock a thread that had to wait for a processor would
/// wait once more for as long, and a busy machine would be made slower still.
///
/// A plain value on a clock of nanoseconds that never goes back.
package struct PublishPace: Sendable {
    /// Measured: with as much rest as work, subscribers on the same machine are kept so busy with
    /// single frames that all queue; with six times, gathering itself adds most of the latency.
    private static let rest: UInt64 = 3

    /// `publish` will be called.
    private var isPlanned = false
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
    package mutating func begun() { isPlanned = false }

    /// - Parameter cost: Nanoseconds of the thread's processor time.
    package mutating func ended(at now: UInt64, cost: UInt64) {
        due = now &+ Self.rest &* cost
    }
}
