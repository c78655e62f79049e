import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import Testing

@Suite("The writer")
struct LogWriterTests {
    @Test("G1: what was appended is read back byte for byte, before and after reopening")
    func appendedIsReadBack() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        for count in [1, 7, 1_000, 1_001] { try writer.append(history.entries(count)) }
        #expect(writer.head == history.head)
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
        try writer.close()
        let again = try fixture.open(expecting: History.logID)
        #expect(again.head == history.head)
        #expect(try again.row(at: Seq(1_500)) == history.rows[1_499])
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("G1: a writer that was never closed leaves all that it acknowledged")
    func killedWriterLosesNothing() throws {
        let fixture = try LogFixture()
        let history = try fixture.killed(checkpointed: 40, inWAL: 25)
        let writer = try fixture.open()
        #expect(writer.head == history.head)
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("G2: a batch with a gap, a repeat, a wrong hash or another history is refused unwritten")
    func badBatchesAreRefused() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(3))
        let head = writer.head
        let good = history.entries(3)
        var wrongHash = good
        wrongHash[1].row.recordHash.lane0 ^= 1
        var wrongChain = good
        wrongChain[2].row.chain.lane3 ^= 1
        var wrongBytes = good
        wrongBytes[0].row.record[5] ^= 1
        var noRecord = good
        noRecord[0].row.record = [1, 2, 3]
        let gap = Array(good.dropFirst())
        let twice = [good[0], good[0]]
        let bad: [(UInt64, [LogEntry])] = [
            (5, wrongHash), (6, wrongChain), (4, wrongBytes), (4, noRecord), (5, gap), (4, twice),
        ]
        for (seq, batch) in bad {
            let error = #expect(throws: LogError.self) { try writer.append(batch) }
            guard case .batchRefused(Seq(seq), _) = error else {
                Issue.record("\(String(describing: error)) for seq \(seq)")
                continue
            }
            #expect(writer.head == head)
        }
        try writer.append(good)
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("G11: a request is found after reopening, and another actor's same ID is not")
    func requestsSurvive() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 50, inWAL: 10)
        let writer = try fixture.open()
        for seq in 1...60 as ClosedRange<UInt64> {
            #expect(try writer.seq(ofRequest: History.request(seq)) == Seq(seq))
        }
        let foreign = RequestKey(actor: "actor-9", requestID: "request-1")
        #expect(try writer.seq(ofRequest: foreign) == nil)
        #expect(try writer.seq(ofRequest: History.request(61)) == nil)
    }

    @Test("G11: a batch that repeats a request is undone whole, and the writer goes on")
    func repeatedRequestUndoesTheBatch() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        try writer.append(history.entries(5))
        let head = writer.head
        var next = history.entries(3)
        let request = next[2].request
        next[2].request = History.request(2)
        #expect(throws: LogError.requestRepeated(path: fixture.logPath)) {
            try writer.append(next)
        }
        #expect(writer.head == head)
        #expect(try writer.row(at: head.seq.next) == nil)
        #expect(try writer.seq(ofRequest: History.request(6)) == nil)
        next[2].request = request
        try writer.append(next)
        try writer.close()
        #expect(try fixture.open().head == history.head)
    }

    @Test("Events without a request are appended too, and an empty batch changes nothing")
    func requestsAreOptional() throws {
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create()
        var entries = history.entries(2)
        entries[0].request = nil
        try writer.append(entries)
        #expect(try writer.append([]) == history.head)
        #expect(try writer.seq(ofRequest: History.request(1)) == nil)
        #expect(try writer.seq(ofRequest: History.request(2)) == Seq(2))
    }

    @Test("With little space left appends are refused unwritten, and taken again by themselves")
    func spaceGuard() throws {
        let fixture = try LogFixture()
        let volume = SharedVolume(VolumeSpace(totalBytes: 1 << 40, freeBytes: 1 << 39))
        let writer = try fixture.create(LogSettings(volumeSpace: { _ in volume.value }))
        var history = History()
        try writer.append(history.entries(10))
        volume.value.freeBytes = 200 << 20
        let waiting = history.entries(1)
        let error = #expect(throws: LogError.self) { try writer.append(waiting) }
        #expect(error?.code == "read-only")
        #expect(writer.isReady)
        // A little above the threshold it still waits, so that it does not flap.
        volume.value.freeBytes = 260 << 20
        #expect(throws: LogError.self) { try writer.append(waiting) }
        volume.value.freeBytes = 400 << 20
        try writer.append(waiting)
        #expect(writer.head == history.head)
    }

    @Test("G11: an index of requests that lost or changed a row is refused at opening")
    func damagedIndexIsRefused() throws {
        let fixture = try LogFixture()
        _ = try fixture.killed(checkpointed: 200, inWAL: 0)
        try fixture.open().close()
        let clean = try fixture.read(fixture.logPath)
        // The request's text stands in the index alone: flip one bit of it.
        var buffer: [UInt8] = []
        let key = History.request(77).withBytes(&buffer) { Data($0) }
        let found = try #require(clean.range(of: key))
        var damaged = clean
        damaged[found.upperBound - 1] ^= 0x08
        try fixture.write(damaged, to: fixture.logPath)
        let error = #expect(throws: LogError.self) { try fixture.open() }
        #expect(error?.code == "damaged")
        try fixture.write(clean, to: fixture.logPath)
        #expect(try fixture.open().seq(ofRequest: History.request(77)) == Seq(77))
    }
}

/// A volume whose space a test sets; reached from one thread.
final class SharedVolume: @unchecked Sendable {
    var value: VolumeSpace

    init(_ value: VolumeSpace) { self.value = value }
}
