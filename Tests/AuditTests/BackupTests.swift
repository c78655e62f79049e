import Audit
import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import Projection
import Testing

/// G1, G3, G7: a log in one file, and the node that is made of it.
@Suite("Backups")
struct BackupTests {
    private let folder: TemporaryFolder
    private let history: RandomHistory
    private let now = Timestamp(seconds: 1_900_000_000)

    init() throws {
        folder = try TemporaryFolder()
        history = try RandomHistory(seed: 31, events: 400)
    }

    private var file: String { folder.path("backup") }

    private func entries(of rows: some Sequence<LogRow>) throws -> [LogEntry] {
        try rows.map { row in
            let audit = try EncodedRecord(validating: row.record).audit()
            let request =
                audit.requestID.isEmpty
                ? nil : RequestKey(actor: audit.actor, requestID: audit.requestID)
            return LogEntry(row: row, request: request)
        }
    }

    private func backUp() throws {
        let backup = try LogBackup(file: file, logID: history.log.logID)
        for page in stride(from: 0, to: history.log.rows.count, by: 150) {
            try backup.append(entries(of: history.log.rows.dropFirst(page).prefix(150)))
        }
        try backup.finish()
    }

    private func restore(_ name: String, epochAbove: UInt64 = 0) throws -> Restoration.Outcome {
        let directory = try DataDirectory.acquire(folder.path(name))
        defer { directory.release() }
        return try Restoration(LogRestore(of: file, into: directory)).run(
            .init(epochAbove: epochAbove, leaderID: 77, now: now)
        ) { _, _ in }
    }

    private func names(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
    }

    @Test(
        "What is restored is the log as it was, and one event that begins an epoch above (G3, G7)")
    func roundTrip() throws {
        try backUp()
        #expect(try names("") == ["backup"])
        let outcome = try restore("data")
        #expect(outcome.backup == (try history.log.head))
        #expect(outcome.endpointCount == history.states[400].count)
        #expect(try names("data") == ["anchor", "lock", "log.sqlite"])
        let reader = try LogReader.open(directory: folder.path("data"))
        #expect(try reader.rows(from: Seq(1), limit: 400) == history.log.rows)
        #expect(try reader.head == outcome.head && outcome.head.seq == Seq(401))
        var verification = try Verification(reader)
        #expect(try verification.run() == .sound)
        #expect(verification.epochInForce == outcome.epoch)
        #expect(outcome.epoch.leaderID == 77)
        #expect(try reader.event(at: Seq(401)).record.audit().time == now)
        #expect(try restore("other", epochAbove: 900).epoch.number == 901)
    }

    @Test("A flipped bit anywhere in a backup is refused, or what is restored is right (G3, G12)")
    func flipped() throws {
        try backUp()
        let good = try Data(contentsOf: URL(fileURLWithPath: file))
        var refused = 0
        for turn in 0..<120 {
            let offset = turn < 40 ? turn * 3 : turn * (good.count / 120)
            var bytes = good
            bytes[offset] ^= 1 << UInt8(turn % 8)
            try bytes.write(to: URL(fileURLWithPath: file))
            do {
                _ = try restore("data-\(turn)")
                let reader = try LogReader.open(directory: folder.path("data-\(turn)"))
                #expect(try reader.rows(from: Seq(1), limit: 400) == history.log.rows)
            } catch let error as LogError {
                refused += 1
                #expect(["damaged", "not-ours", "newer-version", "wrong-log"].contains(error.code))
                #expect(try names("data-\(turn)") == ["lock"], "byte \(offset): \(error)")
            }
            try FileManager.default.removeItem(atPath: folder.path("data-\(turn)"))
        }
        #expect(refused > 40)
    }

    @Test("A backup that was cut short is refused with the first seq that is missing (G3)")
    func cut() throws {
        try backUp()
        let good = try Data(contentsOf: URL(fileURLWithPath: file))
        for share in [3, 5, 9] {
            try good.prefix(good.count * share / 10).write(to: URL(fileURLWithPath: file))
            let error = #expect(throws: LogError.self) { try restore("data") }
            #expect(
                error?.code == "damaged" && error?.firstBad != nil, "\(String(describing: error))")
        }
    }

    @Test("An event that no rule allows is found though its hashes are right (G3)")
    func illegal() throws {
        var log = try WrittenLog(in: folder.path("written"))
        try log.append(.delete(RandomHistory.key(1)))
        try folder.copy(folder.path("written/log.sqlite"), as: "backup")
        #expect(#expect(throws: LogError.self) { try restore("data") }?.firstBad == Seq(2))
        #expect(try names("data") == ["lock"])
    }

    @Test("Nothing is overwritten: not a file by a backup, not a directory by a restoration (G1)")
    func nothingIsOverwritten() throws {
        try backUp()
        #expect(throws: LogError.fileExists(path: file)) { try backUp() }
        _ = try restore("data")
        #expect(#expect(throws: LogError.self) { try restore("data") }?.code == "log-exists")
        try folder.write("x", to: "follower/node-id")
        #expect(#expect(throws: LogError.self) { try restore("follower") }?.code == "not-empty")
        // A node's own file is none: a part of the log is in its WAL.
        try folder.write("x", to: "backup-wal")
        #expect(#expect(throws: LogError.self) { try restore("new") }?.code == "not-ours")
    }

    @Test("An event that does not follow the one before comes into no backup (G3)")
    func wrongEvent() throws {
        let backup = try LogBackup(file: file, logID: history.log.logID)
        var rows = Array(history.log.rows.prefix(3))
        rows[1].record[rows[1].record.count / 2] ^= 1
        #expect(throws: LogError.self) {
            try backup.append(
                entries(of: [history.log.rows[0]]) + [LogEntry(row: rows[1], request: nil)])
        }
        try backup.abandon()
        #expect(try names("") == [])
    }

    @Test("A restoration that was cut off leaves no log that starts, and is begun anew (G1)")
    func cutOff() throws {
        try backUp()
        // As killed when one of its two files was in its place.
        do {
            let directory = try DataDirectory.acquire(folder.path("data"))
            defer { directory.release() }
            _ = try LogRestore(of: file, into: directory)
            try folder.copy(folder.path("data/.restore/log.sqlite"), as: "data/anchor")
        }
        #expect(try restore("data").backup == (try history.log.head))
    }
}
