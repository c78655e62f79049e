import EndpointModel
import LogStore
import Projection
import Testing

/// Pages of 100 rows are decoded beside the reader, pages of 7 by it.
@Suite("Going through events page by page")
struct EventScanTests {
    private func seqs(_ scan: EventScan) -> (seqs: [UInt64], failure: ProjectionError?) {
        var scan = scan
        var seqs: [UInt64] = []
        do throws(ProjectionError) {
            while let event = try scan.nextEvent() { seqs.append(event.seq.rawValue) }
            return (seqs, nil)
        } catch {
            return (seqs, error)
        }
    }

    @Test("every event of a range comes once and in order", arguments: [7, 100])
    func whole(pageRows: Int) throws {
        let log = try RandomHistory(seed: 3, events: 1_000).log
        log.pageRows = pageRows
        for (first, last) in [(1, 1_000), (1, 1), (250, 777), (1_000, 1_000), (200, 300)] {
            let found = seqs(
                EventScan(log, from: Seq(UInt64(first)), through: Seq(UInt64(last))))
            #expect(found.seqs == (UInt64(first)...UInt64(last)).map { $0 })
            #expect(found.failure == nil)
        }
        #expect(seqs(EventScan(log, from: Seq(5), through: Seq(4))).seqs == [])
    }

    @Test("an event that does not decode is told behind all before it", arguments: [7, 100])
    func malformed(pageRows: Int) throws {
        let log = try RandomHistory(seed: 4, events: 500).log
        log.pageRows = pageRows
        log.rows[249].record = [0x0A, 0x00, 0x12, 0x00]
        log.rows[333].record = []
        let found = seqs(EventScan(log, from: Seq(1), through: Seq(500)))
        #expect(found.seqs == (1...249).map { $0 })
        guard case .recordMalformed(seq: Seq(250), _)? = found.failure else {
            Issue.record("\(String(describing: found.failure))")
            return
        }
    }

    @Test("a log that ends before the range gives what it has, then says so", arguments: [7, 100])
    func tooShort(pageRows: Int) throws {
        let log = try RandomHistory(seed: 5, events: 350).log
        log.pageRows = pageRows
        let found = seqs(EventScan(log, from: Seq(1), through: Seq(400)))
        #expect(found.seqs == (1...350).map { $0 })
        guard case .beyondHead(seq: Seq(351), head: Seq(350))? = found.failure else {
            Issue.record("\(String(describing: found.failure))")
            return
        }
    }

    @Test("a page that cannot be read hides none before it", arguments: [7, 100])
    func unreadable(pageRows: Int) throws {
        let log = try RandomHistory(seed: 6, events: 500).log
        log.pageRows = pageRows
        log.unreadableFrom = Seq(301)
        let found = seqs(EventScan(log, from: Seq(1), through: Seq(500)))
        #expect(found.seqs == (1...300).map { $0 })
        guard case .log(.damaged(_, firstBad: Seq(301), _))? = found.failure else {
            Issue.record("\(String(describing: found.failure))")
            return
        }
    }
}
