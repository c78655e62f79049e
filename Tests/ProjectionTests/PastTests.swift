import EndpointModel
import EndpointState
import LogStore
import Projection
import Testing

@Suite("The past")
struct PastTests {
    static func folded(_ history: RandomHistory, through seq: Int) throws -> PositionedView {
        var view = PositionedView(emptyLog: history.log.logID)
        try view.fold(history.log, through: Seq(UInt64(seq)))
        return view
    }

    static func expect(_ state: EndpointSet, equals model: [EndpointKey: EncodedItem]) {
        #expect(state.count == model.count)
        #expect(state.digest == state.recomputedDigest())
        for (key, item) in model { #expect(state.item(forKey: key)?.hash == item.hash) }
    }

    @Test(
        "The state after every seq is the model's, from either end and wherever the view is (G14)",
        arguments: [1, 2, 3] as [UInt64])
    func states(seed: UInt64) throws {
        let history = try RandomHistory(seed: seed, events: 300)
        for viewSeq in [nil, 0, 150, 299, 300] as [Int?] {
            let view = try viewSeq.map { try Self.folded(history, through: $0).view }
            let past = try Past(history.log, current: view)
            for seq in 0...300 {
                let state = try past.state(after: Seq(UInt64(seq)))
                #expect(state.seq == Seq(UInt64(seq)))
                Self.expect(state, equals: history.states[seq])
            }
        }
    }

    @Test("Going back from a view gives the model's state at every seq before it (G14)")
    func backwards() throws {
        let history = try RandomHistory(seed: 4, events: 200)
        let view = try Self.folded(history, through: 200).view
        let past = try Past(history.log, current: view)
        for seq in 0...200 {
            let state = try past.tracedBack(from: view.state, to: Seq(UInt64(seq)))
            Self.expect(state, equals: history.states[seq])
        }
    }

    @Test("One endpoint at every seq is the model's, with a view and without one (G14)")
    func single() throws {
        let history = try RandomHistory(seed: 5, events: 120)
        let view = try Self.folded(history, through: 90).view
        for past in [try Past(history.log), try Past(history.log, current: view)] {
            for seq in 0...120 {
                for key in history.keys {
                    let item = try past.item(of: key, after: Seq(UInt64(seq)))
                    #expect(item?.hash == history.states[seq][key]?.hash)
                }
            }
        }
    }

    @Test("A question about a seq behind the head is refused, and names the head")
    func beyondHead() throws {
        let past = try Past(RandomHistory(seed: 6, events: 5).log)
        #expect(throws: ProjectionError.beyondHead(seq: Seq(6), head: Seq(5))) {
            try past.state(after: Seq(6))
        }
        #expect(throws: ProjectionError.beyondHead(seq: Seq(6), head: Seq(5))) {
            try past.item(of: RandomHistory.key(0), after: Seq(6))
        }
    }

    @Test(
        "Before an event that cannot be judged every state is exact, from it on none is told (G14, R19)"
    )
    func unknownEvent() throws {
        let history = try RandomHistory(seed: 9, events: 80)
        try history.appendUnknown()
        let refusal = ProjectionError.eventUnknown(UnknownEvent(seq: Seq(81), type: 900))
        for viewSeq in [nil, 40, 80, 81, 84] as [Int?] {
            let view = try viewSeq.map { try Self.folded(history, through: $0).view }
            let past = try Past(history.log, current: view)
            for seq in 0...80 {
                let state = try past.state(after: Seq(UInt64(seq)))
                #expect(state.seq == Seq(UInt64(seq)))
                Self.expect(state, equals: history.states[seq])
                let key = history.keys[seq % history.keys.count]
                let item = try past.item(of: key, after: Seq(UInt64(seq)))
                #expect(item?.hash == history.states[seq][key]?.hash)
            }
            for seq in 81...84 as ClosedRange<UInt64> {
                #expect(throws: refusal) { try past.state(after: Seq(seq)) }
                #expect(throws: refusal) { try past.item(of: history.keys[1], after: Seq(seq)) }
            }
            // What happened to a key is told whatever it did.
            #expect(try past.version(of: history.keys[0], atOrBefore: Seq(84))?.seq == Seq(83))
        }
    }

    @Test("A time names the last seq at or before it, and the first at or behind it (G14)")
    func times() throws {
        let history = try RandomHistory(seed: 7, events: 100)
        let past = try Past(history.log)
        let times = try (1...100).map { try past.time(of: Seq($0)) }
        for time in times + [Timestamp(seconds: 0), Timestamp(seconds: 2_000_000_000)] {
            for shift in [-1, 0, 1] as [Int64] {
                let asked = Timestamp(microseconds: time.microseconds + shift)
                let before = times.count { $0 <= asked }
                #expect(try past.lastSeq(notAfter: asked) == Seq(UInt64(before)))
                let first = times.count { $0 < asked } + 1
                #expect(try past.firstSeq(notBefore: asked) == Seq(UInt64(first)))
            }
        }
    }

    @Test("A record that is not canonical, or an illegal event, is an error with its seq (G12)")
    func damage() throws {
        let history = try RandomHistory(seed: 8, events: 40)
        history.log.rows[19].record[0] ^= 1
        do {
            _ = try Past(history.log).state(after: Seq(40))
            Issue.record("the damage was not seen")
        } catch {
            #expect(error.firstBad == Seq(20))
            #expect(error.code == "record-malformed")
        }
    }
}
