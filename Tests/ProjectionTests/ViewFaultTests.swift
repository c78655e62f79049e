import CattailTestKit
import EndpointModel
import EndpointState
import Foundation
import LogStore
import Logging
import Projection
import SQLiteStore
import Testing

/// G5: the views file on a disk that fails any one of its calls, or all from one on, or loses power
/// there.
@Suite("Views on a faulty disk")
struct ViewFaultTests {
    @Test("Whichever call of the disk fails, what is opened afterwards is the fold of the log (G5)")
    func sweep() throws {
        var sweep = FaultSweep("views")
        let plain = try ViewWorkload()
        #expect(try plain.carryOut(nil) == "went on")
        for run in FaultSweep.runs(of: plain.counts, sample: 14) {
            sweep.note(try ViewWorkload().carryOut(run))
        }
        try sweep.report()
        #expect(sweep.outcomes["went on", default: 0] > 20, "\(sweep.outcomes)")
        #expect(sweep.outcomes["views-unavailable", default: 0] > 20, "\(sweep.outcomes)")
    }
}

/// Views that are opened, written behind, made anew and closed on a disk of their own.
final class ViewWorkload {
    private let scratch: TemporaryFolder
    private let faulty: FaultyDisk
    private var history: RandomHistory
    private var run: FaultSweep.Run?
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        scratch = try TemporaryFolder()
        history = try RandomHistory(seed: 21, events: 80)
        // A disk without faults, for it makes no real fsync.
        let opened = try ViewStore.open(
            directory: scratch.path, events: history.log, logger: logger,
            disk: FaultyDisk(seed: 1).disk)
        try opened.store.close()
        try history.append(20)
        faulty = try FaultyDisk(seed: 1, holding: scratch.path)
    }

    var counts: [FaultyDisk.Fault: Int] {
        Dictionary(
            uniqueKeysWithValues: FaultyDisk.Fault.allCases.map { ($0, faulty.calls(of: $0)) })
    }

    func carryOut(_ run: FaultSweep.Run?) throws -> String {
        self.run = run
        run?.arm(faulty)
        var outcome = "went on"
        do { try write(&outcome) } catch let error as ProjectionError {
            #expect(error.code == "views-unavailable", "\(context): \(error)")
            outcome = error.code
        }
        if run?.isPassing == true { #expect(outcome == "went on", "\(context)") }
        faulty.heal()
        for seed in FaultSweep.losses {
            let after = try TemporaryFolder()
            try faulty.writeSurvivors(to: after.path, seed: seed)
            try expectFold(in: after, "after power loss")
        }
        try expectFold(in: scratch, "after a kill")
        return outcome
    }

    private func write(_ outcome: inout String) throws {
        var opened = try open(&outcome)
        for round in 0..<4 {
            try history.append(15)
            try opened.view.fold(history.log, through: try history.log.head.seq) {
                opened.pending.add($0, at: $1.position)
            }
            try twice(&outcome) { () throws(ProjectionError) in
                try opened.store.write(opened.pending)
                opened.pending.clear()
                #expect(opened.store.position == opened.view.position, "\(context)")
            }
            guard round == 1 else { continue }
            try twice(&outcome) { () throws(ProjectionError) in
                #expect(try opened.store.rebuild().isEqual, "\(context)")
            }
        }
        try opened.store.close()
        guard run?.fault != .power, run?.power == nil else { return }
        // Written, and said to be: it is not made anew.
        let again = try ViewStore.open(
            directory: scratch.path, events: history.log, logger: logger,
            disk: FaultyDisk(seed: 1).disk)
        #expect(again.origin == .loaded(at: opened.store.position.seq), "\(context)")
    }

    private func open(_ outcome: inout String) throws -> ViewStore.Opened {
        func once() throws(ProjectionError) -> ViewStore.Opened {
            try ViewStore.open(
                directory: scratch.path, events: history.log, logger: logger, disk: faulty.disk)
        }
        do { return try once() } catch {
            #expect(error.code == "views-unavailable", "\(context): \(error)")
            return try once()
        }
    }

    /// What fails once is done when it is tried again, with nothing lost in between.
    private func twice(
        _ outcome: inout String, _ work: () throws(ProjectionError) -> Void
    ) throws(ProjectionError) {
        do { try work() } catch {
            #expect(error.code == "views-unavailable", "\(context): \(error)")
            if run?.span == .forever { outcome = error.code }
            try work()
        }
    }

    private var context: String {
        "\(run.map(String.init(describing:)) ?? "no fault") (\(faulty.firstFailure))"
    }

    private func expectFold(in folder: TemporaryFolder, _ when: String) throws {
        do {
            let opened = try ViewStore.open(
                directory: folder.path, events: history.log, logger: logger,
                disk: FaultyDisk(seed: 1).disk)
            try ViewStoreTests().expect(opened, isFoldOf: history)
            try opened.store.close()
        } catch { Issue.record("\(when): \(context): \(error)") }
    }
}
