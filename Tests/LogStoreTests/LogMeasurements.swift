import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import Testing

/// Figures, not claims: runs when `CATTAIL_MEASURE` is a number of events.
///
///     CATTAIL_MEASURE=200000 swift test -c release --filter LogMeasurements
@Suite("Log measurements")
struct LogMeasurements {
    static let events = ProcessInfo.processInfo.environment["CATTAIL_MEASURE"].flatMap { Int($0) }

    @Test("Append, single commits, opening, scanning", .enabled(if: events != nil))
    func measure() throws {
        let fixture = try LogFixture()
        var history = History()
        let clock = ContinuousClock()
        var writer: LogWriter? = try fixture.create()
        let events = try #require(Self.events)
        var spent = Duration.zero
        var checkpointing = Duration.zero
        for _ in 0..<events / 1_000 {
            let batch = history.entries(1_000, itemBytes: 366)
            history.forgetAllButLast()
            spent += try clock.measure { try writer?.append(batch) }
            checkpointing += try clock.measure { _ = try writer?.checkpointIfDue(.busy) }
        }
        report("batches of 1,000: rows/s", Double(events) / seconds(spent))
        report("with checkpoints: rows/s", Double(events) / seconds(spent + checkpointing))
        let singles = history.entries(1_000, itemBytes: 366)
        let times = try singles.map { entry in try clock.measure { try writer?.append([entry]) } }
            .sorted()
        report("commit of one row, p50: ms", seconds(times[500]) * 1_000)
        report("commit of one row, p99: ms", seconds(times[990]) * 1_000)
        let keys = (1...10_000).map { History.request(UInt64($0)) }
        report(
            "request lookup: µs",
            try seconds(clock.measure { for key in keys { _ = try writer?.seq(ofRequest: key) } })
                * 100)
        try writer?.close()
        report("opening: s", try seconds(clock.measure { writer = try fixture.open() }))
        let reader = try LogReader.open(directory: fixture.directory)
        var pass = try reader.verification()
        let took = try clock.measure { while try pass.step() {} }
        report("verification: rows/s", Double(pass.report.events) / seconds(took))
        report("bytes per event", Double(reader.bytesOnDisk) / Double(pass.report.events))
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private func report(_ what: String, _ value: Double) {
        print("measured: \(what): \(String(format: "%.3f", value))")
    }
}
