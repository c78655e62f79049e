import Audit
import CattailTestKit
import EndpointModel
import EndpointState
import LogStore
import Projection
import Testing

@Suite("The past of a log on disk")
struct StoredLogTests {
    static func append(_ history: RandomHistory, to writer: LogWriter) throws {
        let known = Int(writer.head.seq.rawValue)
        try writer.append(
            history.log.rows.dropFirst(known).map { LogEntry(row: $0, request: nil) })
    }

    static func expect(_ reader: LogReader, answersFor history: RandomHistory) throws {
        let count = history.items.count
        let past = try Past(reader)
        for seq in stride(from: 0, through: count, by: 97) {
            let state = try past.state(after: Seq(UInt64(seq)))
            #expect(state.count == history.states[seq].count)
            for (key, item) in history.states[seq] {
                #expect(state.item(forKey: key)?.hash == item.hash)
            }
        }
        let key = RandomHistory.key(1)
        #expect(
            try past.history(of: key, limit: .max).versions.count
                == history.items.count { $0.kind != .control && $0.hasKey(key) })
        var verification = try Verification(reader)
        #expect(try verification.run() == .sound)
        #expect(verification.report.head == (try history.log.head))
    }

    @Test("A running node's log and a stopped node's files give the same answers (G14)")
    func liveAndStopped() throws {
        let folder = try TemporaryFolder()
        var history = try RandomHistory(seed: 1, events: 2_100)
        let writer = try LogWriter.create(
            in: DataDirectory.acquire(folder.path), logID: history.log.logID)
        try Self.append(history, to: writer)
        let live = try LogReader.open(directory: folder.path)
        try Self.expect(live, answersFor: history)
        try history.append(50)
        try Self.append(history, to: writer)
        try Self.expect(live, answersFor: history)
        try writer.close()
        try Self.expect(try LogReader.open(directory: folder.path), answersFor: history)
    }
}
