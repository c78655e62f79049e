internal import EndpointModel

/// What agents have received since they were last asked to begin anew.
struct AgentTally: Sendable, Codable {
    /// Changes: puts, patches and removals.
    var deliveries = 0
    /// Of the connection, everything included.
    var bytes = 0
    /// Frames that carry changes or marks; of agents that keep a cache the batches shown.
    var frames = 0
    /// From the stamp on a changed endpoint to the agent's hands.
    var latencies = Latencies()
    /// How the server went on, by the protocol's words.
    var resyncs: [String: Int] = [:]
    /// Connections lost, goodbyes included.
    var disconnects = 0
    var goodbyes: [String: Int] = [:]
    /// Digests that were not the server's.
    var digestFaults = 0
    /// Stretches of time in which bytes came, as nanoseconds of the monotonic clock.
    var bursts: [ClosedRange<UInt64>] = []

    /// Silence that ends a burst.
    private static let pauseNanoseconds: UInt64 = 1_000_000
    /// More than a flat-out run has; what comes behind lengthens the last.
    private static let mostBursts = 100_000

    mutating func received(_ count: Int, at now: UInt64) {
        bytes += count
        guard let last = bursts.last, now > last.upperBound &+ Self.pauseNanoseconds,
            bursts.count < Self.mostBursts
        else {
            let start = bursts.popLast()?.lowerBound ?? now
            return bursts.append(start...max(start, now))
        }
        bursts.append(now...now)
    }

    mutating func add(_ other: AgentTally) {
        deliveries += other.deliveries
        bytes += other.bytes
        frames += other.frames
        latencies.add(contentsOf: other.latencies)
        resyncs.merge(other.resyncs, uniquingKeysWith: +)
        disconnects += other.disconnects
        goodbyes.merge(other.goodbyes, uniquingKeysWith: +)
        digestFaults += other.digestFaults
        bursts += other.bursts
    }

    /// Seconds in which at least one agent was being sent something.
    var busySeconds: Double {
        var busy: UInt64 = 0
        var end: UInt64 = 0
        for burst in bursts.sorted(by: { $0.lowerBound < $1.lowerBound })
        where burst.upperBound > end {
            busy += burst.upperBound - max(burst.lowerBound, end)
            end = burst.upperBound
        }
        return Double(busy) / 1e9
    }

    var members: [(String, DocumentValue?)] {
        [
            ("deliveries", .integer(deliveries)), ("frames", .integer(frames)),
            ("bytes", bytes > 0 ? .integer(bytes) : .null),
            (
                "bytesPerDelivery",
                bytes > 0 && deliveries > 0 ? .decimal(Double(bytes) / Double(deliveries)) : .null
            ),
            ("busySeconds", .decimal(busySeconds)), ("latencyMs", latencies.json),
            ("resyncs", Self.counts(resyncs)), ("disconnects", .integer(disconnects)),
            ("goodbyes", Self.counts(goodbyes)), ("digestFaults", .integer(digestFaults)),
        ]
    }

    private static func counts(_ counts: [String: Int]) -> DocumentValue {
        JSONLine(counts.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }).value
    }
}
