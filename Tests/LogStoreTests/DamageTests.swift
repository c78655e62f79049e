import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import Testing

/// G1, G3: whatever a disk does to a stopped node's files, every acknowledged event is right, or
/// the file is refused with the first seq that is missing or wrong.
@Suite("Damage")
struct DamageTests {
    /// What a damaged directory must be: whole, or refused. An error names a first bad seq; what
    /// is read before that seq must be right.
    private func judge(
        _ fixture: LogFixture, _ history: History, _ what: String, tally: inout [String: Int]
    ) {
        do throws(LogError) {
            let writer = try fixture.open()
            tally["opened", default: 0] += 1
            #expect(writer.head == history.head, "\(what)")
            for row in history.rows {
                let request = History.request(row.seq.rawValue)
                #expect(try writer.seq(ofRequest: request) == row.seq, "\(what)")
            }
            let rows = try LogFixture.all(.open(directory: fixture.directory))
            #expect(rows == history.rows, "\(what)")
        } catch {
            tally[error.code, default: 0] += 1
            expectRefusal(error, fixture, history, what)
        }
        do throws(LogError) {
            let rows = try LogFixture.all(.open(directory: fixture.directory))
            #expect(rows == history.rows, "a reader of \(what)")
        } catch { expectRefusal(error, fixture, history, "a reader of \(what)") }
    }

    /// A refusal names a seq that the log must hold, or says that every event is right and what
    /// is not. Which seq is held to exactly by the tests below.
    private func expectRefusal(
        _ error: LogError, _ fixture: LogFixture, _ history: History, _ what: String
    ) {
        switch error {
        case .damaged(_, let seq?, _):
            #expect(seq > .zero && seq <= history.head.seq, "\(what): \(error)")
        case .damaged(_, nil, let reason):
            #expect(reason.contains("events up to seq \(history.head.seq)"), "\(what): \(error)")
        case .emptyFile, .newerVersion: break
        default: Issue.record("\(what): \(error.code): \(error)")
        }
    }

    private func restore(_ fixture: LogFixture, _ files: [String: Data]) throws {
        for (path, data) in files { try fixture.write(data, to: path) }
        try? FileManager.default.removeItem(atPath: fixture.logPath + "-shm")
    }

    private func files(_ fixture: LogFixture) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for path in [fixture.logPath, fixture.walPath, fixture.anchorPath] {
            files[path] = try fixture.read(path)
        }
        return files
    }

    @Test(
        "G1, G3: a bit flipped anywhere in the log or its WAL is found, or did no harm",
        arguments: ["log.sqlite", "log.sqlite-wal"])
    func flippedBits(_ name: String) throws {
        let fixture = try LogFixture()
        // 128 KiB, and a WAL of nearly as much.
        let history = try fixture.killed(checkpointed: 185, inWAL: 6)
        let clean = try files(fixture)
        let path = fixture.directory + "/" + name
        let data = try #require(clean[path])
        #expect(data.count > 96 << 10 && data.count <= 144 << 10, "\(data.count)")
        var sweep = FaultSweep("bit flips, \(name), \(data.count) bytes")
        var tally: [String: Int] = [:]
        for offset in FaultSweep.spread(data.count, 150) {
            for bit in FaultSweep.bits(at: offset) {
                var damaged = data
                damaged[offset] ^= 1 << bit
                try restore(fixture, clean)
                try fixture.write(damaged, to: path)
                judge(fixture, history, "\(name), bit \(bit) of byte \(offset)", tally: &tally)
            }
        }
        for (outcome, count) in tally { sweep.note(outcome, count) }
        try sweep.report()
        #expect(tally["damaged", default: 0] > 50, "\(tally)")
    }

    @Test("G1, G3: each bit of the file's header, flipped, is refused or did no harm")
    func flippedHeader() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 60, inWAL: 3)
        let clean = try files(fixture)
        let data = try #require(clean[fixture.logPath])
        var tally: [String: Int] = [:]
        for offset in 0..<112 {
            var damaged = data
            damaged[offset] ^= UInt8(1 << (offset % 8))
            try restore(fixture, clean)
            try fixture.write(damaged, to: fixture.logPath)
            judge(fixture, history, "header byte \(offset)", tally: &tally)
        }
        #expect(tally["damaged", default: 0] > 30, "\(tally)")
    }

    @Test(
        "G1: the log or its WAL cut off anywhere is refused, or nothing acknowledged was there",
        arguments: ["log.sqlite", "log.sqlite-wal"])
    func truncated(_ name: String) throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 150, inWAL: 40)
        let clean = try files(fixture)
        let path = fixture.directory + "/" + name
        let data = try #require(clean[path])
        var generator = SeededGenerator(seed: 8)
        var tally: [String: Int] = [:]
        for turn in 0..<60 {
            let count = turn == 0 ? 0 : Int.random(in: 0..<data.count, using: &generator)
            try restore(fixture, clean)
            try fixture.write(data.prefix(count), to: path)
            judge(fixture, history, "\(name), cut to \(count) bytes", tally: &tally)
        }
        #expect(tally["damaged", default: 0] > 20, "\(tally)")
    }

    @Test("G1: after a clean stop too, a flipped bit or a cut is found", arguments: [1, 2, 3])
    func damageAfterCleanStop(_ seed: UInt64) throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 300, inWAL: 0, seed: seed)
        try fixture.open().close()
        let clean = try files(fixture)
        let data = try #require(clean[fixture.logPath])
        var generator = SeededGenerator(seed: seed)
        var tally: [String: Int] = [:]
        for turn in 0..<40 {
            let offset = Int.random(in: 0..<data.count, using: &generator)
            var damaged = data
            damaged[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            if turn % 4 == 0 { damaged = data.prefix(offset) }
            try restore(fixture, clean)
            try fixture.write(damaged, to: fixture.logPath)
            judge(fixture, history, "turn \(turn) at byte \(offset)", tally: &tally)
        }
        #expect(tally["damaged", default: 0] > 20, "\(tally)")
    }

    @Test("G3: one changed event names its own seq, to the writer and to a reader")
    func changedEventIsNamed() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 100, inWAL: 0)
        try fixture.open().close()
        var data = try fixture.read(fixture.logPath)
        let record = Data(history.rows[41].record)
        let range = try #require(data.range(of: record))
        data[range.lowerBound + 100] ^= 1
        try fixture.write(data, to: fixture.logPath)
        #expect(#expect(throws: LogError.self) { try fixture.open() }?.firstBad == Seq(42))
        let reader = try LogReader.open(directory: fixture.directory)
        #expect(try reader.rows(from: Seq(1), limit: 41) == Array(history.rows.prefix(41)))
        for first in [42, 30, 1] as [UInt64] {
            let error = #expect(throws: LogError.self) { try reader.rows(from: Seq(first)) }
            #expect(error?.firstBad == Seq(42))
        }
        let behind = #expect(throws: LogError.self) { try reader.row(at: Seq(42)) }
        #expect(behind?.firstBad == Seq(42))
        #expect(try reader.row(at: Seq(44)) == history.rows[43])
    }

    @Test("G3: a changed chain hash is blamed on its own event, not on the next one")
    func changedChainIsNamed() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 100, inWAL: 0)
        try fixture.open().close()
        var data = try fixture.read(fixture.logPath)
        let range = try #require(data.range(of: Data(history.rows[41].chain.bytes)))
        data[range.lowerBound] ^= 1
        try fixture.write(data, to: fixture.logPath)
        let reader = try LogReader.open(directory: fixture.directory)
        for first in [1, 42, 43] as [UInt64] {
            let error = #expect(throws: LogError.self) { try reader.rows(from: Seq(first)) }
            #expect(error?.firstBad == Seq(42))
        }
    }

    @Test("G1: a log that went back to an older copy of itself is refused with the next seq")
    func olderCopyIsRefused() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 20, inWAL: 0)
        try fixture.open().close()
        let old = try fixture.read(fixture.logPath)
        var history = History()
        _ = history.entries(20)
        let writer = try fixture.open()
        try writer.append(history.entries(5))
        try writer.close()
        try fixture.write(old, to: fixture.logPath)
        #expect(#expect(throws: LogError.self) { try fixture.open() }?.firstBad == Seq(21))
        let error = #expect(throws: LogError.self) {
            try LogReader.open(directory: fixture.directory)
        }
        #expect(error?.firstBad == Seq(21))
    }

    @Test("G1: a log that is gone while its anchor names events is no empty directory")
    func missingLogIsRefused() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 20, inWAL: 3)
        try FileManager.default.removeItem(atPath: fixture.logPath)
        #expect(try LogWriter.exists(in: fixture.held))
        #expect(#expect(throws: LogError.self) { try fixture.open() }?.firstBad == Seq(1))
        #expect(throws: LogError.logExists(path: fixture.logPath)) { try fixture.create() }
    }

    @Test("G1: one damaged slot of the anchor leaves the other; without any the log is refused")
    func damagedAnchor() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 20, inWAL: 3)
        let clean = try fixture.read(fixture.anchorPath)
        for slot in [0, 4096] {
            var damaged = clean
            damaged[slot + 50] ^= 4
            try fixture.write(damaged, to: fixture.anchorPath)
            #expect(try LogReader.open(directory: fixture.directory).head == history.head)
        }
        try fixture.write(Data(count: 8192), to: fixture.anchorPath)
        #expect(#expect(throws: LogError.self) { try fixture.open() }?.code == "damaged")
        try FileManager.default.removeItem(atPath: fixture.anchorPath)
        #expect(throws: LogError.anchorMissing(path: fixture.anchorPath)) { try fixture.open() }
        let reader = try LogReader.open(directory: fixture.directory)
        #expect(reader.anchor == nil)
        #expect(try reader.head == history.head)
    }
}
