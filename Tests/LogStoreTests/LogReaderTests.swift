import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore
import Testing

@Suite("Readers and checkpoints")
struct LogReaderTests {
    @Test("A reader sees each batch whole while the writer goes on, and never an old head again")
    func readersDuringWrites() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        let reader = try LogReader.open(directory: fixture.directory)
        #expect(try reader.head == .origin(of: History.logID))
        #expect(try reader.rows(from: Seq(1)).isEmpty)
        for turn in 1...20 {
            try writer.append(history.entries(turn))
            #expect(try reader.head == history.head)
            let first = history.rows.count - turn + 1
            #expect(try reader.rows(from: Seq(UInt64(first))) == Array(history.rows.suffix(turn)))
        }
        #expect(try LogFixture.all(reader) == history.rows)
        #expect(reader.bytesOnDisk > 0)
    }

    @Test("A page ends at its count or its bytes, and holds one row at least")
    func pagesAreBounded() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(1_500, itemBytes: 100))
        try writer.append(history.entries(2, itemBytes: 90_000))
        let reader = try LogReader.open(directory: fixture.directory)
        #expect(try reader.rows(from: Seq(1), limit: 5_000).count == 1_000)
        #expect(try reader.rows(from: Seq(1), limit: 3).count == 3)
        let record = history.rows[0].record.count
        #expect(try reader.rows(from: Seq(5), maxBytes: 3 * record).count == 3)
        #expect(try reader.rows(from: Seq(1_501), maxBytes: 10).map(\.seq) == [Seq(1_501)])
        #expect(try reader.rows(from: Seq(1_502), maxBytes: 10) == [history.rows[1_501]])
        #expect(try reader.rows(from: Seq(1_503)).isEmpty)
        #expect(try reader.rows(from: .zero).isEmpty)
        #expect(try reader.rows(from: Seq(.max)).isEmpty)
    }

    @Test("Chain hashes are answered at every seq, and beyond the head not at all")
    func chains() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 10, inWAL: 2)
        let reader = try LogReader.open(directory: fixture.directory)
        #expect(try reader.chain(at: .zero) == History.logID.chainOrigin)
        #expect(try reader.chain(at: Seq(12)) == history.head.chain)
        #expect(try reader.chain(at: Seq(5)) == history.rows[4].chain)
        #expect(try reader.chain(at: Seq(13)) == nil)
        #expect(try reader.seq(ofRequest: History.request(11)) == Seq(11))
    }

    @Test("A reader's connection cannot write")
    func readersCannotWrite() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 3, inWAL: 0)
        let connection = try SQLiteConnection(path: fixture.logPath, access: .readOnly)
        try connection.defend()
        try connection.forbidWrites()
        #expect(throws: SQLiteError.self) { try connection.execute("CREATE TABLE t (x)") }
    }

    @Test("An open snapshot holds a checkpoint back without failing it, and commits go on")
    func checkpointWithOpenReader() throws {
        let fixture = try LogFixture()
        var settings = LogSettings()
        settings.limits.idleCheckpointBytes = 1
        settings.limits.busyCheckpointBytes = 1
        settings.limits.walKeepBytes = 1
        settings.limits.readerWaitMilliseconds = 1
        var history = History()
        let writer = try fixture.create(settings)
        try writer.append(history.entries(50))
        let snapshot = try SnapshotHolder(fixture.logPath)
        #expect(try snapshot.lastSeq() == 50)
        for _ in 0..<20 {
            try writer.append(history.entries(50))
            #expect(try writer.checkpointIfDue(.busy) == .heldBack)
            #expect(try writer.checkpointIfDue(.idle) == .heldBack)
        }
        #expect(writer.isReady)
        #expect(try snapshot.lastSeq() == 50)
        try snapshot.release()
        #expect(try writer.checkpointIfDue(.idle) == .complete)
        #expect(try fixture.read(fixture.walPath).isEmpty)
        try writer.append(history.entries(1))
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("The WAL is used again after a checkpoint, and a small one is left alone")
    func walIsBounded() throws {
        let fixture = try LogFixture()
        var settings = LogSettings()
        settings.limits.busyCheckpointBytes = 256 << 10
        var history = History()
        let writer = try fixture.create(settings)
        try writer.append(history.entries(1))
        #expect(try writer.checkpointIfDue(.busy) == .notDue)
        #expect(try writer.checkpointIfDue(.idle) == .notDue)
        var outcomes: Set<LogWriter.CheckpointOutcome> = []
        for _ in 0..<50 {
            try writer.append(history.entries(100))
            outcomes.insert(try writer.checkpointIfDue(.busy))
        }
        #expect(outcomes == [.notDue, .complete])
        #expect(try fixture.read(fixture.walPath).count < 1 << 20)
    }

    @Test("A copy that must not be written is read on a private copy, with its WAL")
    func privateCopy() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 30, inWAL: 12)
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.directory).sorted()
        func read() throws -> String {
            let reader = try LogReader.open(directory: fixture.directory, place: .privateCopy)
            #expect(try LogFixture.all(reader) == history.rows)
            #expect(!reader.path.hasPrefix(fixture.directory))
            return reader.path
        }
        let path = try read()
        #expect(!FileManager.default.fileExists(atPath: path))
        let after = try FileManager.default.contentsOfDirectory(atPath: fixture.directory).sorted()
        #expect(before == after)
    }

    @Test("A copy of a cleanly stopped node needs no WAL: the file and its anchor are enough")
    func copyWithoutWAL() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 30, inWAL: 12)
        try fixture.open().close()
        let other = try LogFixture()
        for path in [fixture.logPath, fixture.anchorPath] {
            let name = URL(fileURLWithPath: path).lastPathComponent
            try other.write(fixture.read(path), to: other.directory + "/" + name)
        }
        #expect(try LogFixture.all(.open(directory: other.directory)) == history.rows)
        #expect(try other.open().head == history.head)
    }

    @Test("Verification counts what it proved, and names the first request that the index lost")
    func verification() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 1_200, inWAL: 34)
        let reader = try LogReader.open(directory: fixture.directory)
        var pass = try reader.verification(requestKey: { History.request($0.seq.rawValue) })
        while try pass.step() {}
        #expect(pass.report.events == 1_234)
        #expect(pass.report.head == history.head)
        var part = try reader.verification(from: Seq(100), to: Seq(199))
        while try part.step() {}
        #expect(part.report.events == 100)
        #expect(part.report.head.chain == history.rows[198].chain)
        var wrong = try reader.verification(from: Seq(3)) { row in
            History.request(row.seq.rawValue == 7 ? 8 : row.seq.rawValue)
        }
        let error = #expect(throws: LogError.self) { while try wrong.step() {} }
        #expect(error?.firstBad == Seq(7))
    }
}
