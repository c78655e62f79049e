import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore
import Testing

@Suite("Refusals")
struct RefusalTests {
    @Test("A data directory is made with mode 0700 when its parent exists")
    func directoryIsMade() throws {
        let fixture = try LogFixture()
        let attributes = try FileManager.default.attributesOfItem(atPath: fixture.directory)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }

    @Test("A missing parent is an error that names the directory")
    func missingParent() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("none/data")
        #expect(throws: LogError.parentMissing(directory: path)) {
            try DataDirectory.acquire(path + "/")
        }
        #expect(LogError.parentMissing(directory: path).description.contains(path))
    }

    @Test("A file in the directory's place is an error")
    func notADirectory() throws {
        let folder = try TemporaryFolder()
        try Data().write(to: folder.url("file"))
        #expect(throws: LogError.notADirectory(path: folder.path("file"))) {
            try DataDirectory.acquire(folder.path("file"))
        }
        #expect(throws: LogError.notADirectory(path: folder.path("file/data"))) {
            try DataDirectory.acquire(folder.path("file/data"))
        }
    }

    @Test("A directory that is held is refused with the holder's process, and free afterwards")
    func heldDirectory() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("data")
        func holdAndTry() throws {
            let held = try DataDirectory.acquire(path)
            let pid = ProcessInfo.processInfo.processIdentifier
            let refusal = LogError.directoryInUse(directory: path, holder: "process \(pid)")
            #expect(throws: refusal) { try DataDirectory.acquire(path) }
            withExtendedLifetime(held) {}
        }
        try holdAndTry()
        let again = try DataDirectory.acquire(path)
        // Released it is free at once, whoever still refers to it.
        again.release()
        _ = try DataDirectory.acquire(path)
        again.release()
    }

    @Test("A directory of somebody else's files is refused before anything is written there")
    func foreignDirectory() throws {
        let folder = try TemporaryFolder()
        try Data("x".utf8).write(to: folder.url("letters.txt"))
        let error = #expect(throws: LogError.self) { try DataDirectory.acquire(folder.path) }
        #expect(error?.code == "not-ours")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["letters.txt"])
    }

    @Test("A SQLite database of another program is refused and left as it was")
    func foreignDatabase() throws {
        let fixture = try LogFixture()
        let other = try SQLiteConnection(path: fixture.logPath, access: .create)
        try other.execute("CREATE TABLE friends (name TEXT)")
        try other.close()
        let before = try fixture.read(fixture.logPath)
        let writing = #expect(throws: LogError.self) { try fixture.open() }
        #expect(writing?.code == "not-ours")
        let reading = #expect(throws: LogError.self) {
            try LogReader.open(directory: fixture.directory)
        }
        #expect(reading?.code == "not-ours")
        #expect(try fixture.read(fixture.logPath) == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.directory)
        #expect(names.sorted() == ["lock", "log.sqlite"])
    }

    @Test("An empty file is no empty log", arguments: [true, false])
    func emptyFile(_ isAnchored: Bool) throws {
        let fixture = try LogFixture()
        if isAnchored { _ = try fixture.killed(checkpointed: 3, inWAL: 0) }
        try fixture.write(Data(), to: fixture.logPath)
        #expect(throws: LogError.emptyFile(path: fixture.logPath)) { try fixture.open() }
        #expect(throws: LogError.emptyFile(path: fixture.logPath)) {
            try LogReader.open(directory: fixture.directory)
        }
        #expect(try fixture.read(fixture.logPath).isEmpty)
    }

    @Test("A newer version's log is refused with both versions")
    func newerVersion() throws {
        let fixture = try LogFixture()
        try fixture.create().close()
        var data = try fixture.read(fixture.logPath)
        data[63] = 9
        try fixture.write(data, to: fixture.logPath)
        let refusal = LogError.newerVersion(path: fixture.logPath, found: 9, supported: 1)
        #expect(throws: refusal) { try fixture.open() }
        #expect(throws: refusal) { try LogReader.open(directory: fixture.directory) }
    }

    @Test("A log of another ID is refused, and both are named")
    func wrongLog() throws {
        let fixture = try LogFixture()
        try fixture.create().close()
        let other = LogID(high: 1, low: 2)
        let error = #expect(throws: LogError.self) { try fixture.open(expecting: other) }
        #expect(error?.code == "wrong-log")
        #expect(error?.description.contains("\(other)") == true)
        #expect(error?.description.contains("\(History.logID)") == true)
    }

    @Test("There is no log to open in an empty directory, and none to make where one is")
    func missingAndExisting() throws {
        let fixture = try LogFixture()
        #expect(throws: LogError.logMissing(path: fixture.logPath)) { try fixture.open() }
        #expect(throws: LogError.logMissing(path: fixture.logPath)) {
            try LogReader.open(directory: fixture.directory)
        }
        try fixture.create().close()
        #expect(throws: LogError.logExists(path: fixture.logPath)) { try fixture.create() }
    }

    @Test("What a crash during creation leaves behind is cleared away")
    func abortedCreation() throws {
        let fixture = try LogFixture()
        try fixture.write(Data("half".utf8), to: fixture.logPath + ".new")
        try fixture.write(Data("half".utf8), to: fixture.anchorPath + ".new")
        // A follower's name comes before its log.
        try fixture.write(Data("0123\n".utf8), to: fixture.directory + "/node-id")
        #expect(try !LogWriter.exists(in: fixture.held))
        #expect(try fixture.create().head == .origin(of: History.logID))
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.directory)
        #expect(!names.contains { $0.contains(".new") })
    }

    @Test(
        "G3: UPDATE, DELETE and REPLACE are refused by the file itself",
        arguments: [
            "UPDATE events SET record = x'00' WHERE seq = 1", "DELETE FROM events",
            "UPDATE requests SET seq = 9", "DELETE FROM requests", "DELETE FROM meta",
            "UPDATE meta SET value = x'00'",
            "REPLACE INTO events (seq, record_hash, chain, record) VALUES (1, x'', x'', x'')",
            "INSERT INTO events (seq, record_hash, chain, record) VALUES (9, x'', x'', x'')",
        ])
    func triggers(_ sql: String) throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 5, inWAL: 0)
        let shell = try SQLiteConnection(path: fixture.logPath, access: .readWrite)
        let error = #expect(throws: SQLiteError.self) { try shell.execute(sql) }
        #expect(error?.isConstraint == true)
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("A trigger that was dropped is missed at the next opening")
    func droppedTrigger() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 5, inWAL: 0)
        let shell = try SQLiteConnection(path: fixture.logPath, access: .readWrite)
        try shell.execute("DROP TRIGGER events_refuse_delete")
        let error = #expect(throws: LogError.self) { try fixture.open() }
        #expect(error?.description.contains("events_refuse_delete") == true)
    }
}
