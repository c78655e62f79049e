import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore
import Testing

/// G1: the log on a disk that fails any one of its calls, or all from one on, or loses power there.
@Suite("The log on a faulty disk")
struct DiskFaultTests {
    enum Beginning: String, CaseIterable {
        /// An empty directory.
        case nothing
        /// A log, some of it in its WAL, as a killed process leaves it.
        case killed
    }

    @Test(
        "Whichever call of the disk fails, no acknowledged event is lost and none is made up (G1)",
        arguments: Beginning.allCases)
    func sweep(_ beginning: Beginning) throws {
        var sweep = FaultSweep("log, from \(beginning)")
        let counts = try LogWorkload(beginning).countCalls()
        for run in FaultSweep.runs(of: counts, sample: 14) {
            let workload = try LogWorkload(beginning)
            let outcome = try workload.carryOut(run)
            sweep.note(outcome)
        }
        try sweep.report()
        #expect(sweep.outcomes["went on", default: 0] > 20, "\(sweep.outcomes)")
        #expect(sweep.outcomes["read-only", default: 0] > 20, "\(sweep.outcomes)")
    }
}

/// A log that is made or opened, written, checkpointed and closed on a disk of its own.
final class LogWorkload {
    private let fixture: LogFixture
    private let faulty: FaultyDisk
    private let settings: LogSettings
    private var history: History
    private let isNew: Bool
    /// How many events have been acknowledged, and how many more may be there.
    private var acknowledged: Int
    private var inFlight = 0
    private var run: FaultSweep.Run?

    private static let batches = [1, 3, 1, 40, 2, 1, 25, 1]

    init(_ beginning: DiskFaultTests.Beginning) throws {
        fixture = try LogFixture()
        isNew = beginning == .nothing
        // A disk without faults, for it makes no real fsync.
        let quick = LogSettings(disk: try FaultyDisk(seed: 1).disk)
        history = isNew ? History() : try fixture.killed(checkpointed: 30, inWAL: 4, quick)
        acknowledged = history.rows.count
        faulty = try FaultyDisk(seed: 1, holding: fixture.directory)
        var settings = LogSettings(disk: faulty.disk)
        settings.limits.idleCheckpointBytes = 1
        settings.limits.busyCheckpointBytes = 4_096
        settings.limits.walKeepBytes = 16_384
        settings.limits.readerWaitMilliseconds = 1
        self.settings = settings
    }

    /// Of a run without a fault.
    func countCalls() throws -> [FaultyDisk.Fault: Int] {
        #expect(try carryOut(nil) == "went on")
        return Dictionary(
            uniqueKeysWithValues: FaultyDisk.Fault.allCases.map { ($0, faulty.calls(of: $0)) })
    }

    func carryOut(_ run: FaultSweep.Run?) throws -> String {
        self.run = run
        run?.arm(faulty)
        let outcome = write()
        try judgeLiving()
        faulty.heal()
        for seed in FaultSweep.losses { try judgeSurvivors(seed) }
        return outcome
    }

    // MARK: The work

    /// What it came to: it went on to its end, or was refused with the code that it gives back.
    private func write() -> String {
        do throws(LogError) {
            let writer = try open()
            for (number, count) in Self.batches.enumerated() {
                try append(history.entries(count), to: writer)
                try checkpoint(writer, number.isMultiple(of: 2) ? .busy : .idle)
            }
            // What fails here is said, and loses nothing.
            do throws(LogError) { try writer.close() } catch { expectPassing(error) }
            return "went on"
        } catch {
            if run?.isPassing == true {
                Issue.record("one fault that passes, and no way on: \(context): \(error)")
            }
            return error.code
        }
    }

    /// Tried twice: what is left of a start that failed must not be in the way of the next.
    private func open() throws(LogError) -> LogWriter {
        do throws(LogError) { return try openOnce() } catch {
            expectPassing(error)
            return try openOnce()
        }
    }

    private func openOnce() throws(LogError) -> LogWriter {
        guard isNew, try !LogWriter.exists(in: fixture.held, on: faulty.disk) else {
            return try LogWriter.open(in: fixture.held, settings: settings)
        }
        return try fixture.create(settings)
    }

    /// As the committer does: a batch whose outcome is unknown is found out about.
    private func append(_ entries: [LogEntry], to writer: LogWriter) throws(LogError) {
        let before = writer.head
        for attempt in 1...2 {
            inFlight = entries.count
            do throws(LogError) {
                try writer.append(entries)
                return acknowledge(entries.count)
            } catch {
                guard case .outcomeUnknown = error else {
                    expectPassing(error)
                    inFlight = 0
                    if attempt == 2 { throw error }
                    continue
                }
                try recover(writer)
                if writer.head != before { return acknowledge(entries.count) }
            }
        }
        throw .unavailable(path: fixture.logPath, reason: "both attempts were undone")
    }

    private func acknowledge(_ count: Int) {
        acknowledged += count
        inFlight = 0
    }

    private func checkpoint(
        _ writer: LogWriter, _ occasion: LogWriter.Occasion
    ) throws(LogError) {
        do throws(LogError) { _ = try writer.checkpointIfDue(occasion) } catch {
            #expect(error.code == "outcome-unknown", "\(context): \(error)")
            try recover(writer)
        }
    }

    /// Until it succeeds nothing is taken.
    private func recover(_ writer: LogWriter) throws(LogError) {
        for attempt in 1...2 {
            #expect(!writer.isReady, "\(context)")
            do throws(LogError) {
                try writer.recover()
                #expect(
                    [acknowledged, acknowledged + inFlight].contains(Int(writer.head.seq.rawValue)))
                return
            } catch {
                #expect(error.code == "read-only", "\(context): \(error)")
                if attempt == 2 { throw error }
            }
        }
    }

    // MARK: Judging

    private var context: String {
        "\(run.map(String.init(describing:)) ?? "no fault") (\(faulty.firstFailure))"
    }

    /// Of the moment, and not of what the file holds.
    private func expectPassing(_ error: LogError) {
        #expect(error.code == "unavailable", "\(context): \(error)")
    }

    /// Readers of this process go on, whatever the writer has come to.
    private func judgeLiving() throws {
        guard acknowledged > 0 else { return }
        do throws(LogError) {
            let rows = try LogFixture.all(.open(directory: fixture.directory))
            expect(rows, "a reader")
        } catch { Issue.record("a reader: \(context): \(error)") }
    }

    private func expect(_ rows: [LogRow], _ who: String) {
        #expect(rows.count >= acknowledged, "lost: \(who): \(context)")
        #expect(
            rows.count <= acknowledged + inFlight || rows.count <= acknowledged,
            "made up: \(who): \(context)")
        #expect(rows == Array(history.rows.prefix(rows.count)), "wrong: \(who): \(context)")
    }

    /// Power goes now: the next start finds all that was acknowledged, and takes writes.
    private func judgeSurvivors(_ seed: UInt64) throws {
        let after = try LogFixture()
        try faulty.writeSurvivors(to: after.directory, seed: seed)
        let quick = LogSettings(disk: try FaultyDisk(seed: 1).disk)
        do throws(LogError) {
            guard try LogWriter.exists(in: after.held) else {
                #expect(acknowledged == 0, "all is lost: \(context)")
                try after.create(quick).close()
                return
            }
            let writer = try after.open(quick)
            expect(
                try LogFixture.all(.open(directory: after.directory)), "a start after power loss")
            for seq in 1..<UInt64(acknowledged + 1) {
                #expect(try writer.seq(ofRequest: History.request(seq)) == Seq(seq), "\(context)")
            }
            try writer.close()
        } catch { Issue.record("power loss \(seed): \(context): \(error)") }
    }
}
