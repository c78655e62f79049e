import EndpointModel
import EndpointState
import Feeds
import NIOCore
import Testing

@Suite("What events mean to a selection")
struct NetChangeTests {

    /// A change as text: `+endpoint-1@7` or `-endpoint-1@7`.
    static func text(_ change: FeedChange) -> String {
        switch change {
        case .put(let item): "+\(item.name)@\(item.seq)"
        case .patch(let patched): "~\(patched.item.name)@\(patched.item.seq)"
        case .removal(let item): "-\(item.name)@\(item.seq)"
        }
    }

    /// The same whether the items before are at hand, or some of them, or none.
    static func netChange(
        _ log: ModelLog, from: UInt64, _ form: CatchUpRequest.Form,
        _ selection: Selection? = nil
    ) throws -> [String] {
        let selection = try selection ?? ResumeTests.frontend()
        let ways: [(Seq) -> EncodedItem?] = [
            { _ in nil }, { log.item(at: $0) },
            { $0.rawValue % 2 == 0 ? nil : log.item(at: $0) },
        ]
        let found = try ways.map { atHand in
            try netChange(log, from: from, form, selection, atHand: atHand)
        }
        #expect(found == Array(repeating: found[0], count: ways.count))
        return found[0]
    }

    static func netChange(
        _ log: ModelLog, from: UInt64, _ form: CatchUpRequest.Form, _ selection: Selection,
        atHand: (Seq) -> EncodedItem?
    ) throws -> [String] {
        var netChange = NetChange(selection: selection, form: form)
        for record in log.records where record.seq > Seq(from) {
            guard netChange.note(record.item, atHand: atHand) == .taken else {
                return ["too many keys"]
            }
        }
        netChange.finishNoting()
        var changes: [String] = []
        while true {
            switch try netChange.judgeNext(fetch: { seq throws(WireError) in log.item(at: seq) }) {
            case .changed(let change): changes.append(text(change))
            case .unchanged: break
            case .allJudged: return changes
            }
        }
    }

    /// 1 +0 frontend, 2 +1 backend, 3 +2 frontend; then what the test brings.
    static func log(_ wishes: [ModelLog.Wish]) throws -> ModelLog {
        var log = ModelLog()
        _ = try log.commit([
            Cluster.put(0), Cluster.put(1, app: "backend"), Cluster.put(2),
        ])
        for wish in wishes { _ = try log.commit([wish]) }
        return log
    }

    @Test("A net change puts what is selected at its end and removes what was at its start")
    func bothEnds() throws {
        let log = try Self.log([
            Cluster.put(0, app: "backend"), Cluster.put(1), Cluster.delete(2), Cluster.put(3),
        ])
        let changes = try Self.netChange(log, from: 3, .netChange(keyLimit: 10))
        #expect(changes == ["-endpoint-0@4", "+endpoint-1@5", "-endpoint-2@6", "+endpoint-3@7"])
    }

    @Test("Nobody learns of a key that was never theirs, nor of one that came and went unseen")
    func neverTheirs() throws {
        let log = try Self.log([
            Cluster.put(1, app: "batch"), Cluster.delete(1), Cluster.put(5, app: "backend"),
            Cluster.put(6), Cluster.delete(6), Cluster.put(1, app: "backend"),
        ])
        let changes = try Self.netChange(log, from: 3, .netChange(keyLimit: 10))
        #expect(changes == [])
    }

    @Test("A key that left and came back is a put, whatever it was in between")
    func cameBack() throws {
        let log = try Self.log([
            Cluster.delete(0), Cluster.put(0), Cluster.put(2, app: "batch"), Cluster.put(2),
        ])
        let changes = try Self.netChange(log, from: 3, .netChange(keyLimit: 10))
        #expect(changes == ["+endpoint-0@5", "+endpoint-2@7"])
    }

    @Test("Behind a snapshot, what was selected at any time since is removed when it is no more")
    func afterSnapshot() throws {
        let log = try Self.log([
            // Selected in between alone: a chunk may have brought it.
            Cluster.put(1), Cluster.put(1, app: "backend"),
            // Created and deleted: the same.
            Cluster.put(6), Cluster.delete(6),
            // Never selected.
            Cluster.put(7, app: "batch"), Cluster.delete(7),
            // Selected at the beginning alone.
            Cluster.delete(0),
        ])
        let changes = try Self.netChange(log, from: 3, .afterSnapshot)
        #expect(changes == ["-endpoint-1@5", "-endpoint-6@7", "-endpoint-0@10"])
    }

    @Test("More keys than a snapshot would have end the net change; more events do not")
    func keyLimit() throws {
        let many = try Self.log((10..<20).map { Cluster.put($0) })
        #expect(try Self.netChange(many, from: 3, .netChange(keyLimit: 9)) == ["too many keys"])
        #expect(try Self.netChange(many, from: 3, .netChange(keyLimit: 10)).count == 10)
        let often = try Self.log((0..<20).map { Cluster.put(0, node: "node-\($0 % 2)") })
        #expect(try Self.netChange(often, from: 3, .netChange(keyLimit: 1)).count == 1)
    }

    @Test("What never concerns a selection takes no room, where that is known (G9)")
    func passedBy() throws {
        let log = try Self.log([
            Cluster.put(1, app: "batch"), Cluster.put(1, app: "backend"), Cluster.put(5, app: "b"),
            Cluster.put(5), Cluster.put(5, app: "b"), Cluster.put(0),
        ])
        func keyCount(atHand: (Seq) -> EncodedItem?) throws -> Int {
            var netChange = NetChange(
                selection: try ResumeTests.frontend(), form: .netChange(keyLimit: 10))
            for record in log.records where record.seq > Seq(3) {
                #expect(netChange.note(record.item, atHand: atHand) == .taken)
            }
            return netChange.keyCount
        }
        #expect(try keyCount { log.item(at: $0) } == 2)
        #expect(try keyCount { _ in nil } == 3)
    }

    @Test("Keys that Unicode calls equal and bytes do not are judged apart")
    func keysByBytes() throws {
        var log = ModelLog()
        let composed = EndpointKey(namespace: "ns", name: "caf\u{E9}")
        let combining = EndpointKey(namespace: "ns", name: "cafe\u{301}")
        #expect(composed != combining)
        let endpoint = Cluster.endpoint(app: "frontend", node: "node-0")
        _ = try log.commit([.init(key: composed, endpoint: endpoint)])
        _ = try log.commit([.init(key: combining, endpoint: endpoint)])
        _ = try log.commit([.init(key: composed, endpoint: nil)])
        let changes = try Self.netChange(log, from: 0, .netChange(keyLimit: 10), .everything)
        #expect(changes == ["+cafe\u{301}@2"])
    }

    // MARK: Single events

    static func judged(_ log: ModelLog, _ seq: UInt64, _ selection: Selection? = nil) throws
        -> String?
    {
        let judge = DeltaJudge(selection: try selection ?? ResumeTests.frontend())
        let change = try judge.change(of: log.item(at: Seq(seq))) { seq throws(WireError) in
            log.item(at: seq)
        }
        return change.map(text)
    }

    @Test("An event is a put, a removal or nothing, as its key stood before and stands now")
    func single() throws {
        let log = try Self.log([
            Cluster.put(0, app: "backend"), Cluster.put(0, app: "batch"), Cluster.put(0),
            Cluster.delete(0), Cluster.delete(1), Cluster.put(1, app: "backend"),
        ])
        #expect(try Self.judged(log, 1) == "+endpoint-0@1")
        #expect(try Self.judged(log, 2) == nil)
        #expect(try Self.judged(log, 4) == "-endpoint-0@4")
        #expect(try Self.judged(log, 5) == nil)
        #expect(try Self.judged(log, 6) == "+endpoint-0@6")
        #expect(try Self.judged(log, 7) == "-endpoint-0@7")
        #expect(try Self.judged(log, 8) == nil)
        // Its event before was a delete, which no selection matches, not even one of absence.
        #expect(try Self.judged(log, 9) == nil)
        let absent = Selection(selector: try Selector(parsing: "app != 'backend'"))
        #expect(try Self.judged(log, 9, absent) == nil)
        #expect(try Self.judged(log, 8, .everything) == "-endpoint-1@8")
    }

    @Test("Judged by the log or by the fold, an event means the same (G6)")
    func twoPaths() throws {
        var dice = Dice(seed: 31)
        var log = ModelLog()
        let selections = try Cluster.selections()
        for _ in 0..<600 {
            guard let batch = try log.commit([Cluster.wish(keys: 12, &dice)]) else { continue }
            for change in batch.changes {
                for selection in selections {
                    let folded = DeltaJudge(selection: selection).change(change).map(Self.text)
                    let read = try Self.judged(log, change.item.seq.rawValue, selection)
                    #expect(folded == read)
                }
            }
        }
    }
}

@Suite("The ring")
struct FrameRingTests {
    static func buffer(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: count) }

    @Test("A reader gets the first frame that ends behind it, and none at the head")
    func following() throws {
        var ring = FrameRing(base: Seq(10), byteLimit: 1_000)
        for mark in [12, 15, 16] as [UInt64] {
            ring.append(Self.buffer(10), from: Seq(mark), mark: Seq(mark))
        }
        #expect(ring.head == Seq(16))
        #expect(ring.frame(after: Seq(10))?.mark == Seq(12))
        #expect(ring.frame(after: Seq(12))?.start == Seq(12))
        #expect(ring.frame(after: Seq(13))?.mark == Seq(15))
        #expect(ring.frame(after: Seq(15))?.mark == Seq(16))
        #expect(ring.frame(after: Seq(16)) == nil)
        #expect(ring.frame(after: Seq(99)) == nil)
    }

    @Test("The oldest frames go when the bytes pass the limit, and the base says so (G9)")
    func bounded() throws {
        var ring = FrameRing(base: .zero, byteLimit: 100)
        for mark in 1...50 as ClosedRange<UInt64> {
            ring.append(Self.buffer(30), from: nil, mark: Seq(mark))
            #expect(ring.byteCount <= 100)
        }
        #expect(ring.base == Seq(47))
        #expect(!ring.covers(Seq(46)))
        #expect(ring.covers(Seq(47)))
        #expect(ring.frame(after: Seq(47))?.mark == Seq(48))
    }

    @Test("A frame larger than the limit is still there for those at the tail")
    func oversized() throws {
        var ring = FrameRing(base: .zero, byteLimit: 100)
        ring.append(Self.buffer(10), from: nil, mark: Seq(1))
        ring.append(Self.buffer(5_000), from: nil, mark: Seq(2))
        #expect(ring.base == Seq(1))
        #expect(ring.frame(after: Seq(1))?.mark == Seq(2))
    }
}
