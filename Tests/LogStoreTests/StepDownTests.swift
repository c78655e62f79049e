import CattailTestKit
import EndpointModel
import LogStore
import Testing

@Suite("A tail that leaves the log")
struct StepDownTests {
    @Test("It is in a file of its own, the log ends where it parted, and both are whole (G3, G10)")
    func kept() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(20))
        let rows = history.rows
        try writer.stepDown(behind: Seq(12), epochNumber: 3)
        #expect(writer.head == LogHead(seq: Seq(12), chain: rows[11].chain))
        #expect(try writer.seq(ofRequest: History.request(12)) == Seq(12))
        #expect(try writer.seq(ofRequest: History.request(13)) == nil)
        try writer.close()

        let again = try LogWriter.open(in: fixture.held)
        #expect(again.head.seq == Seq(12))
        try again.close()
        let files = try OrphanFile.all(in: fixture.directory)
        let file = try #require(files.first)
        #expect(files.count == 1 && file.name == "orphaned-3-13-20.sqlite")
        #expect(file.parting == LogHead(seq: Seq(12), chain: rows[11].chain))
        #expect(try file.rows(from: .zero) == Array(rows[12...]))
        #expect(try file.rows(from: Seq(17)) == Array(rows[16...]))
        #expect(try file.rows(from: Seq(21)).isEmpty)
    }

    @Test("What follows is another history, and the same requests may be made again")
    func goesOn() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(6))
        var other = History()
        _ = other.entries(4)
        try writer.stepDown(behind: Seq(4), epochNumber: 1)
        _ = other.entries(1, itemBytes: 300)
        try writer.append([LogEntry(row: other.rows[4], request: History.request(6))])
        #expect(writer.head.seq == Seq(5))
        #expect(try writer.seq(ofRequest: History.request(6)) == Seq(5))
        try writer.close()
        try LogWriter.open(in: fixture.held).close()
    }

    @Test("All of a log may go, and nothing of it when there is no tail")
    func ends() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(3))
        try writer.stepDown(behind: Seq(3), epochNumber: 1)
        #expect(try OrphanFile.all(in: fixture.directory).isEmpty)
        try writer.stepDown(behind: .zero, epochNumber: 1)
        #expect(writer.head == .origin(of: History.logID))
        #expect(try OrphanFile.all(in: fixture.directory).first?.rows(from: .zero) == history.rows)
        try writer.close()
        #expect(try LogWriter.open(in: fixture.held).head.seq == .zero)
    }
}
