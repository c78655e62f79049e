internal import EndpointModel
internal import Glibc

extension Timestamp {
    /// For people's questions alone; nothing is decided by it.
    static func wallClock() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(
            microseconds: Int64(now.tv_sec) &* 1_000_000 &+ Int64(now.tv_nsec) / 1_000)
    }
}
