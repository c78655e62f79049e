internal import EndpointModel
internal import Histogram

/// Measured times, to three digits, in a bounded room however many they are.
struct Latencies: Sendable, Codable {
    private var nanoseconds = Histogram<UInt64>(
        lowestDiscernibleValue: 1_000, highestTrackableValue: Self.longest)

    /// Two minutes: what takes longer counts as that.
    private static let longest: UInt64 = 120_000_000_000

    var count: Int { Int(clamping: nanoseconds.totalCount) }

    mutating func add(nanoseconds value: UInt64) {
        _ = nanoseconds.record(min(max(value, 1), Self.longest))
    }

    mutating func add(_ duration: Duration) {
        add(nanoseconds: UInt64(max(0, duration.inSeconds * 1e9)))
    }

    mutating func add(contentsOf other: Latencies) { nanoseconds.add(other.nanoseconds) }

    /// In milliseconds: `{"p50":…,"p90":…,"p99":…,"p999":…,"max":…,"mean":…}`
    var json: DocumentValue {
        guard nanoseconds.totalCount > 0 else { return .null }
        func at(_ percentile: Double) -> DocumentValue {
            .decimal(Double(nanoseconds.valueAtPercentile(percentile)) / 1e6)
        }
        return JSONLine([
            ("p50", at(50)), ("p90", at(90)), ("p99", at(99)), ("p999", at(99.9)),
            ("max", at(100)), ("mean", .decimal(nanoseconds.mean / 1e6)),
        ]).value
    }
}
