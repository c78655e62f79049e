import EndpointModel
import EndpointState
import Testing

@Suite("The fold")
struct EndpointViewTests {
    static let key = Fixture.key(1)

    static func folded(_ items: [EncodedItem]) throws -> EndpointView {
        var view = EndpointView()
        for item in items { try view.fold(item) }
        return view
    }

    @Test("The digest kept event by event equals the one computed anew, at every seq (G5)")
    func digest() throws {
        var generator = SeededGenerator(state: 5)
        var view = EndpointView()
        var last: [EndpointKey: UInt64] = [:]
        var uids: [EndpointKey: UID] = [:]
        for seq in 1...3_000 as ClosedRange<UInt64> {
            let key = Fixture.key(Int.random(in: 0..<60, using: &generator))
            let previous = last[key] ?? 0
            if Int.random(in: 0..<50, using: &generator) == 0 {
                try view.fold(Fixture.control(seq))
            } else if let uid = uids[key], Bool.random(using: &generator) {
                let change = try view.fold(
                    Fixture.delete(seq, key, previous: previous, uid: uid))
                #expect(change.previous?.seq == Seq(previous))
                uids[key] = nil
                last[key] = seq
            } else {
                let uid = uids[key] ?? Fixture.uid(seq)
                let change = try view.fold(
                    Fixture.put(seq, key, previous: previous, uid: uid, content: seq))
                #expect(change.previous?.seq.rawValue == (uids[key] == nil ? nil : previous))
                uids[key] = uid
                last[key] = seq
            }
            #expect(view.seq == Seq(seq))
            #expect(view.digest == view.state.recomputedDigest())
            #expect(view.count == uids.count)
        }
        for (key, seq) in last { #expect(view.lastSeq(of: key) == Seq(seq)) }
        #expect(view.tombstones.count == last.count - uids.count)
        #expect(view.lastSeq(of: Fixture.key(99)) == .zero)
    }

    @Test(
        "Before a critical event of an unknown type the state stands still, and all that follows is taken up unjudged; an ignorable one changes nothing (G5, R19)"
    )
    func unknownEvents() throws {
        let other = Fixture.key(2)
        var view = try Self.folded([
            try Fixture.put(1, Self.key), try Fixture.unknown(2, .ignorable),
            try Fixture.put(3, other),
        ])
        #expect(view.unknownEvent == nil)
        let before = view.state
        #expect(before.seq == Seq(3) && before.count == 2)
        let behind = [
            try Fixture.unknown(4, .critical), try Fixture.put(5, Self.key, previous: 1),
            // No rule of this version allows these two.
            try Fixture.delete(6, Fixture.key(3), previous: 0),
            try Fixture.put(7, other, previous: 1, uid: Fixture.uid(9)),
            try Fixture.unknown(8, .critical),
        ]
        for item in behind {
            #expect(try view.fold(item).previous == nil)
            #expect(view.seq == item.seq)
            #expect(view.unknownEvent == UnknownEvent(seq: Seq(4), type: 900))
            #expect(view.state.seq == Seq(3))
            #expect(view.digest == before.digest)
        }
        #expect(throws: FoldError.self) { try view.fold(Fixture.put(10, Self.key)) }
        let again = EndpointView(
            state: view.state, tombstones: view.tombstones,
            before: UnknownEvent(seq: Seq(4), type: 900), seq: view.seq)
        #expect(again.seq == Seq(8) && again.unknownEvent == view.unknownEvent)
    }

    @Test("An event that breaks a rule of the log is refused, and the view stays as it is")
    func refusals() throws {
        let other = Fixture.key(2)
        let start = [
            try Fixture.put(1, Self.key), try Fixture.put(2, other),
            try Fixture.delete(3, other, previous: 2),
        ]
        let view = try Self.folded(start)
        let refused: [(EncodedItem, FoldError)] = [
            (
                try Fixture.put(5, Self.key, previous: 1),
                .seqUnexpected(found: Seq(5), expected: Seq(4))
            ),
            (
                try Fixture.put(3, Self.key, previous: 1),
                .seqUnexpected(found: Seq(3), expected: Seq(4))
            ),
            (
                try Fixture.put(4, Self.key),
                .previousSeqWrong(seq: Seq(4), key: Self.key, found: .zero, expected: Seq(1))
            ),
            (
                try Fixture.put(4, other),
                .previousSeqWrong(seq: Seq(4), key: other, found: .zero, expected: Seq(3))
            ),
            (
                try Fixture.put(4, Fixture.key(3), previous: 2),
                .previousSeqWrong(
                    seq: Seq(4), key: Fixture.key(3), found: Seq(2), expected: .zero)
            ),
            (
                try Fixture.delete(4, other, previous: 3),
                .deleteOfNothing(seq: Seq(4), key: other)
            ),
            (
                try Fixture.put(4, Self.key, previous: 1, uid: Fixture.uid(2)),
                .uidChanged(seq: Seq(4), key: Self.key, liveSeq: Seq(1))
            ),
            (
                try Fixture.delete(4, Self.key, previous: 1, uid: Fixture.uid(2)),
                .uidChanged(seq: Seq(4), key: Self.key, liveSeq: Seq(1))
            ),
            (
                try Fixture.put(4, Self.key, previous: 1, created: Timestamp(seconds: 5)),
                .creationTimeChanged(seq: Seq(4), key: Self.key, liveSeq: Seq(1))
            ),
        ]
        for (item, error) in refused {
            var copy = view
            #expect(throws: error) { _ = try copy.fold(item) }
            #expect(copy.seq == view.seq)
            #expect(copy.digest == view.digest)
            #expect(copy.count == view.count)
            #expect(copy.lastSeq(of: other) == Seq(3))
        }
    }

    @Test("A key that comes back names its delete, and its tombstone goes")
    func comingBack() throws {
        var view = try Self.folded([
            Fixture.put(1, Self.key), Fixture.delete(2, Self.key, previous: 1),
        ])
        #expect(view.lastSeq(of: Self.key) == Seq(2))
        #expect(view.tombstones.count == 1)
        let change = try view.fold(Fixture.put(3, Self.key, previous: 2, uid: Fixture.uid(7)))
        #expect(change.previous == nil)
        #expect(view.tombstones.count == 0)
        #expect(view.lastSeq(of: Self.key) == Seq(3))
    }

    @Test("A pinned state keeps its items and digest while the view folds on (G5)")
    func pinning() throws {
        var view = EndpointView()
        for seq in 1...500 as ClosedRange<UInt64> {
            try view.fold(Fixture.put(seq, Fixture.key(Int(seq))))
        }
        let pinned = view.state
        for seq in 501...1_000 as ClosedRange<UInt64> {
            let old = seq - 500
            try view.fold(Fixture.delete(seq, Fixture.key(Int(old)), previous: old))
        }
        #expect(view.count == 0)
        #expect(view.digest == .empty)
        #expect(pinned.count == 500)
        #expect(pinned.digest == pinned.recomputedDigest())
        #expect(pinned.seq == Seq(500))
    }

    @Test("A state takes puts and removes in any order of seqs and keeps its digest (G6)")
    func anyOrder() throws {
        var generator = SeededGenerator(state: 11)
        let items = try (0..<300).map { try Fixture.put(UInt64($0) + 1, Fixture.key($0)) }
        var state = EndpointSet()
        for item in items.shuffled(using: &generator) {
            let old = state.put(item)
            #expect(old == nil)
        }
        let old = [
            state.put(try Fixture.put(900, Fixture.key(4), previous: 5)),
            state.remove(Fixture.key(5)), state.remove(Fixture.key(5)),
            state.remove(keyOf: try Fixture.delete(901, Fixture.key(6), previous: 7)),
        ]
        #expect(old.map(\.?.seq.rawValue) == [5, 6, nil, 7])
        state.advance(to: Seq(901))
        #expect(state.count == 298)
        #expect(state.digest == state.recomputedDigest())
    }
}
