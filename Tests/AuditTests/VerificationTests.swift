import Audit
import EndpointModel
import EndpointState
import LogStore
import Projection
import Testing

@Suite("Verification")
struct VerificationTests {
    static func verify(
        _ log: ArrayLog, from first: Seq = Seq(1),
        expecting expected: (seq: Seq, digest: StateDigest)? = nil
    ) throws -> Verification {
        var verification = try Verification(log, from: first, expecting: expected)
        _ = try verification.run()
        return verification
    }

    /// The log with its rows made anew from these items: hashes and chain are right, whatever
    /// the items say.
    static func log(of items: [EncodedItem], times: [Int64]? = nil, epochs: [UInt64]? = nil)
        -> ArrayLog
    {
        let log = ArrayLog()
        for (index, item) in items.enumerated() {
            let time = Timestamp(microseconds: times?[index] ?? 5)
            log.append(
                item,
                audit: AuditPart(epochNumber: epochs?[index] ?? 1, time: time, wallTime: time))
        }
        return log
    }

    @Test("A sound log is sound from every seq on, with the counts and digest of the model")
    func sound() throws {
        let history = try RandomHistory(seed: 1, events: 90)
        for first in 1...90 as ClosedRange<UInt64> {
            let verification = try Self.verify(history.log, from: Seq(first))
            #expect(verification.state == .sound)
            #expect(verification.report.events == 91 - first)
            #expect(verification.report.head == (try history.log.head))
        }
        let whole = try Self.verify(history.log)
        var digest = StateDigest.empty
        for item in history.states[90].values { digest.add(item.hash) }
        #expect(whole.report.digest == digest)
        #expect(whole.report.endpointCount == history.states[90].count)
        #expect(whole.report.deletes == UInt64(history.items.count { $0.kind == .delete }))
        #expect(try Self.verify(ArrayLog()).state == .sound)
    }

    @Test("Any flipped bit of any row is found, at its seq (G3, G12)")
    func flippedBits() throws {
        let history = try RandomHistory(seed: 2, events: 25)
        let rows = history.log.rows
        for index in rows.indices {
            for byte in rows[index].record.indices {
                history.log.rows[index].record[byte] ^= 1 << UInt8(byte % 8)
                let state = try Self.verify(history.log).state
                history.log.rows[index] = rows[index]
                guard case .faulty(let fault) = state else {
                    Issue.record("bit at \(byte) of seq \(index + 1) was not seen")
                    continue
                }
                #expect(fault.seq == rows[index].seq)
            }
            let hashes = [\LogRow.chain.lane2, \LogRow.recordHash.lane1]
            for hash in hashes {
                history.log.rows[index][keyPath: hash] ^= 1
                let state = try Self.verify(history.log).state
                history.log.rows[index] = rows[index]
                guard case .faulty(let fault) = state else {
                    Issue.record("a bit of the hashes at seq \(index + 1) was not seen")
                    continue
                }
                #expect(fault.seq == rows[index].seq)
            }
        }
    }

    @Test("A missing event is found at its seq, and so is a log that ends before its head (G2)")
    func missing() throws {
        for index in 0..<29 {
            let history = try RandomHistory(seed: 3, events: 30)
            history.log.rows.remove(at: index)
            guard case .faulty(let fault) = try Self.verify(history.log).state else {
                Issue.record("the gap at seq \(index + 1) was not seen")
                continue
            }
            #expect(fault.seq == Seq(UInt64(index) + 1))
        }
    }

    @Test("An event that breaks a rule is found although every hash is right (G5)")
    func illegal() throws {
        let history = try RandomHistory(seed: 4, events: 60)
        for index in 1..<60 where history.items[index].kind != .control {
            var items = history.items
            let item = items[index]
            // The same event under another uid, or with another previous seq.
            var generator = SeededGenerator(state: UInt64(index))
            items[index] = try EncodedItem.delete(
                seq: item.seq, previousSeq: item.previousSeq, key: item.key,
                uid: .random(using: &generator))
            guard case .faulty(let fault) = try Self.verify(Self.log(of: items)).state else {
                Issue.record("seq \(item.seq) passed")
                continue
            }
            #expect(fault.seq == item.seq)
        }
    }

    @Test("A time or an epoch that goes back is found")
    func goingBack() throws {
        let items = try RandomHistory(seed: 5, events: 10).items
        let times = Self.log(of: items, times: [5, 5, 6, 7, 7, 6, 9, 9, 9, 9])
        #expect(try Self.faultSeq(times) == Seq(6))
        let epochs = Self.log(of: items, epochs: [1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
        #expect(try Self.faultSeq(epochs) == Seq(8))
    }

    @Test(
        "Behind an event of an unknown type hashes and seqs are still proven, and nothing is accused (G3, R19)"
    )
    func unknownEvent() throws {
        let history = try RandomHistory(seed: 7, events: 40)
        try history.appendUnknown()
        for first in [1, 2, 30, 41] as [UInt64] {
            let verification = try Self.verify(history.log, from: Seq(first))
            #expect(verification.state == .sound)
            #expect(verification.report.events == 45 - first)
            #expect(verification.report.unknownEvent == UnknownEvent(seq: Seq(41), type: 900))
            #expect(verification.report.digest == nil)
        }
        let rows = history.log.rows
        history.log.rows[42].chain.lane0 ^= 1
        #expect(try Self.faultSeq(history.log) == Seq(43))
        history.log.rows = rows
        history.log.rows.remove(at: 42)
        #expect(try Self.faultSeq(history.log) == Seq(43))
    }

    @Test("A difference to a state that cannot be told is refused, one before is exact (G14, R19)")
    func unknownDifference() throws {
        let history = try RandomHistory(seed: 8, events: 40)
        let before = try Past(history.log).difference(from: Seq(10), to: Seq(40))
        try history.appendUnknown()
        for past in try PastQueriesTests.pasts(history) {
            let found = try past.difference(from: Seq(10), to: Seq(40))
            #expect(found.map(\.key) == before.map(\.key))
            for points in [(10, 41), (44, 3), (42, 43)] as [(UInt64, UInt64)] {
                #expect(
                    throws: ProjectionError.eventUnknown(UnknownEvent(seq: Seq(41), type: 900))
                ) { try past.difference(from: Seq(points.0), to: Seq(points.1)) }
            }
        }
    }

    @Test("A view that differs from the log's fold is found at its seq (G5)")
    func otherDigest() throws {
        let history = try RandomHistory(seed: 6, events: 40)
        var view = PositionedView(emptyLog: history.log.logID)
        try view.fold(history.log, through: Seq(25))
        let equal = try Self.verify(history.log, expecting: (Seq(25), view.view.digest))
        #expect(equal.state == .sound)
        let other = try Self.verify(history.log, expecting: (Seq(24), view.view.digest))
        guard case .faulty(let fault) = other.state else {
            Issue.record("the difference was not seen")
            return
        }
        #expect(fault.seq == Seq(24))
    }

    static func faultSeq(_ log: ArrayLog) throws -> Seq? {
        guard case .faulty(let fault) = try verify(log).state else { return nil }
        return fault.seq
    }
}
