internal import EndpointModel

/// Measured times, sorted when they are asked for.
struct Percentiles: Sendable {
    private(set) var nanoseconds: [UInt64] = []

    mutating func add(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let whole = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let part = UInt64(clamping: attoseconds / 1_000_000_000)
        nanoseconds.append(whole.overflow ? .max : whole.partialValue &+ part)
    }

    mutating func add(contentsOf other: Percentiles) { nanoseconds += other.nanoseconds }

    /// In milliseconds: `{"p50":…,"p90":…,"p99":…,"p999":…,"max":…,"mean":…}`
    var json: DocumentValue {
        let sorted = nanoseconds.sorted()
        guard let last = sorted.last else { return .null }
        func at(_ share: Double) -> DocumentValue {
            let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
            return .decimal(Double(sorted[index]) / 1e6)
        }
        let mean = sorted.reduce(0.0) { $0 + Double($1) } / Double(sorted.count)
        return JSONLine([
            ("p50", at(0.5)), ("p90", at(0.9)), ("p99", at(0.99)), ("p999", at(0.999)),
            ("max", .decimal(Double(last) / 1e6)), ("mean", .decimal(mean / 1e6)),
        ]).value
    }
}

/// A number of things done in a time.
struct Rate {
    let count: Int
    let elapsed: Duration

    var seconds: Double {
        let (seconds, attoseconds) = elapsed.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    var members: [(String, DocumentValue?)] {
        [
            ("count", .integer(count)), ("seconds", .decimal(seconds)),
            ("perSecond", .decimal(seconds > 0 ? Double(count) / seconds : 0)),
        ]
    }
}
