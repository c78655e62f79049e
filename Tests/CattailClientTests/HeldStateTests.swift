import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol
import Testing

@Suite("What a subscriber holds")
struct HeldStateTests {
    private let fingerprint = Selection.everything.fingerprint

    private func world(_ count: Int) -> World {
        var world = World()
        for number in 0..<count { world.put(number, "first") }
        return world
    }

    private func resync(_ how: How, _ start: Position) -> Resync { Resync(how: how, start: start) }

    /// Holds everything of the world, told in one snapshot.
    private func holder(of world: World, _ mirror: inout Mirror) -> HeldState {
        var held = HeldState(fingerprint: fingerprint)
        _ = held.resyncReceived(resync(.snapshot, world.head))
        _ = held.changesReceived(world.items(after: nil))
        if case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) {
            mirror.take(batch)
        }
        return held
    }

    @Test("nothing changes before the mark, and everything at it (G6)")
    func staging() throws {
        let world = world(5)
        var held = HeldState(fingerprint: fingerprint)
        _ = held.resyncReceived(resync(.snapshot, world.head))
        _ = held.changesReceived(world.items(after: nil))
        #expect(held.state.count == 0)
        #expect(held.token == nil)
        guard case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(batch.changes.count == 5)
        #expect(batch.mark.check == .verified)
        #expect(held.state.count == 5)
        #expect(held.token?.position == world.head)
    }

    @Test("what was staged and not marked is gone when the connection ends (G6)")
    func cutBeforeMark() {
        var world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let before = world.head
        world.put(1, "second")
        _ = held.resyncReceived(resync(.deltas, before))
        _ = held.changesReceived(world.deltas(after: before.seq, through: world.head.seq))
        held.connectionEnded()
        #expect(held.token?.position == before)
        #expect(held.state.digest == world.digest(at: before.seq))
    }

    @Test("a snapshot goes on behind the last key of whole frames (G8)")
    func cursor() {
        var world = world(12)
        var held = HeldState(fingerprint: fingerprint)
        let start = world.head
        _ = held.resyncReceived(resync(.snapshot, start))
        let items = world.items(after: nil)
        _ = held.changesReceived(Array(items[..<5]))
        held.connectionEnded()
        guard case .put(let last) = items[4] else { preconditionFailure("an item is a put") }
        #expect(held.cursor?.last == last.key)
        #expect(held.cursor?.start == start)

        // One endpoint before the cursor changes, one behind it goes.
        world.put(0, "second")
        world.delete(11)
        _ = held.resyncReceived(resync(.snapshot, start))
        _ = held.changesReceived(world.items(after: held.cursor?.last))
        _ = held.changesReceived(world.netChange(after: start.seq, through: world.head.seq))
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(held.state.digest == world.digest(at: world.head.seq))
    }

    @Test("another snapshot drops what was staged of the one before")
    func otherSnapshot() {
        var world = world(6)
        var held = HeldState(fingerprint: fingerprint)
        _ = held.resyncReceived(resync(.snapshot, world.head))
        _ = held.changesReceived(world.items(after: nil))
        held.connectionEnded()
        world.delete(3)
        _ = held.resyncReceived(resync(.snapshot, world.head))
        #expect(held.cursor == nil)
        _ = held.changesReceived(world.items(after: nil))
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(held.state.count == 5)
    }

    @Test("a digest that differs changes nothing that is held, and ends its token (G6)")
    func digestDiffers() {
        var world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let before = world.head
        world.put(1, "second")
        world.put(2, "second")
        _ = held.resyncReceived(resync(.deltas, before))
        _ = held.changesReceived(Array(world.deltas(after: before.seq, through: Seq(6))))
        guard case .diverged(.digestDiffers(Seq(7))) = held.markReceived(world.mark(Seq(7))) else {
            Issue.record("a lost change went unnoticed")
            return
        }
        held.forfeit()
        #expect(held.token == nil)
        #expect(held.state.digest == world.digest(at: before.seq))
    }

    /// A put of each kind, a removal, and one key several times, then a fault.
    @Test("a batch that does not hold is taken back whole, and versions told before stand (G6)")
    func takenBack() {
        var world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let before = world.head
        let told = held.state
        let items = Array(told.items(after: nil, limit: .max).map(\.bytes))
        world.put(1, "second")
        world.put(9, "new")
        world.delete(3)
        world.put(1, "third")
        world.delete(9)
        world.put(9, "again")
        world.put(3, "back")
        world.delete(1)
        let changes = world.deltas(after: before.seq, through: world.head.seq)

        var wrong = world.mark(world.head.seq)
        wrong.digest = world.digest(at: before.seq)
        for mark in [wrong, world.mark(Seq(world.head.seq.rawValue - 1))] {
            _ = held.resyncReceived(resync(.deltas, before))
            _ = held.changesReceived(changes)
            guard case .diverged = held.markReceived(mark) else {
                Issue.record("a fault went unnoticed at \(mark.seq)")
                return
            }
            for state in [held.state, told] {
                #expect(state.items(after: nil, limit: .max).map(\.bytes) == items)
                #expect(state.digest == world.digest(at: before.seq))
                #expect(state.recomputedDigest() == state.digest)
                #expect(state.seq == before.seq)
            }
        }

        _ = held.resyncReceived(resync(.deltas, before))
        _ = held.changesReceived(changes)
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("what is right was refused")
            return
        }
        #expect(held.state.digest == world.digest(at: world.head.seq))
        #expect(told.recomputedDigest() == world.digest(at: before.seq))
    }

    @Test("another count beside the right digest is the same fault; alone it says nothing (G6)")
    func countDiffers() {
        let world = world(5)
        for (digest, isTaken) in [(world.digest(at: Seq(5)), false), (nil, true)]
            as [(StateDigest?, Bool)]
        {
            var mirror = Mirror()
            var held = holder(of: world, &mirror)
            var mark = world.mark(Seq(5))
            mark.digest = digest
            mark.count = mark.count.map { $0 + 1 }
            switch held.markReceived(mark) {
            case .applied: #expect(isTaken)
            case .diverged(let divergence):
                #expect(!isTaken)
                #expect(divergence.answer == .refusal(code: "digest-mismatch"))
            }
        }
    }

    @Test("until its mark, what is held is of the selection that it was of (G7, G13)")
    func otherSelectionCut() {
        let world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let narrowed = Selection(node: "n").fingerprint
        let move = Resync(
            how: .snapshot, start: world.head, reason: .otherSelection, fingerprint: narrowed)
        _ = held.resyncReceived(move)
        _ = held.changesReceived(Array(world.items(after: nil).prefix(2)))
        #expect(held.token == ResumeToken(position: world.head, fingerprint: fingerprint))
        #expect(held.cursor?.fingerprint == narrowed)
        held.connectionEnded()
        #expect(held.token?.fingerprint == fingerprint)
        _ = held.resyncReceived(move)
        // What was staged before the cut goes on.
        guard case .applied(let batch) = held.markReceived(Mark(position: world.head)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(batch.changes.count == 3 && held.state.count == 2)
        #expect(held.token == ResumeToken(position: world.head, fingerprint: narrowed))
    }

    @Test("a reset, or a snapshot of another selection, does not go on with what is staged")
    func otherStaging() {
        let world = world(6)
        let other = Hash256.of([UInt8(1)])
        for (how, given, isKept) in [
            (.snapshot, fingerprint, true), (.snapshot, other, false), (.reset, fingerprint, false),
        ] as [(How, Hash256, Bool)] {
            var held = HeldState(fingerprint: fingerprint)
            _ = held.resyncReceived(resync(.snapshot, world.head))
            _ = held.changesReceived(world.items(after: nil))
            held.connectionEnded()
            _ = held.resyncReceived(Resync(how: how, start: world.head, fingerprint: given))
            #expect((held.cursor != nil) == isKept)
        }
    }

    @Test("a damaged item is noticed at the next mark and repaired by a snapshot (G6)")
    func damage() {
        var world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let before = world.head
        let isDamaged = held.damageForTest(World.key(2))
        #expect(isDamaged)
        world.put(4, "second")
        _ = held.resyncReceived(resync(.deltas, before))
        _ = held.changesReceived(world.deltas(after: before.seq, through: world.head.seq))
        guard case .diverged(.digestDiffers) = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the damage went unnoticed")
            return
        }
        held.forfeit()
        _ = held.resyncReceived(resync(.snapshot, world.head))
        _ = held.changesReceived(world.items(after: nil))
        guard case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the repair was refused")
            return
        }
        #expect(Set(batch.changes.map(\.key)) == [World.key(2), World.key(4)])
        #expect(held.token?.position == world.head)
    }

    @Test("a snapshot of a server that is behind is not taken, even without a token (G7)")
    func noTimeTravel() {
        let world = world(6)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        held.forfeit()
        guard case .behind = held.resyncReceived(resync(.snapshot, world.position(Seq(4)))) else {
            Issue.record("it went back in time")
            return
        }
        #expect(held.state.count == 6)
    }

    @Test("deltas from a position that is not held are refused (G7)")
    func startNotHeld() {
        let world = world(6)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        guard
            case .diverged(.startNotHeld) = held.resyncReceived(
                resync(.deltas, world.position(Seq(4))))
        else {
            Issue.record("it was taken")
            return
        }
    }

    @Test("a mark before the one held is refused (G7)")
    func markBackwards() {
        let world = world(6)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        guard case .diverged(.markNotOnward) = held.markReceived(world.mark(Seq(5))) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test("across a fork only what differs is told (G7)")
    func reset() {
        var world = world(6)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        world.fork(at: Seq(4))
        world.put(1, "other history")
        _ = held.resyncReceived(resync(.reset, world.head))
        _ = held.changesReceived(world.items(after: nil))
        guard case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the reset was refused")
            return
        }
        mirror.take(batch)
        #expect(mirror.faults == [])
        #expect(Set(batch.changes.map(\.key)) == [World.key(1), World.key(4), World.key(5)])
        #expect(mirror.equals(world, at: world.head.seq))
    }

    @Test("a frame that comes twice changes nothing the second time")
    func repeated() {
        var world = world(4)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let before = world.head
        world.put(1, "second")
        world.delete(2)
        let deltas = world.deltas(after: before.seq, through: world.head.seq)
        for _ in 0..<2 {
            _ = held.changesReceived(deltas)
            _ = held.changesReceived(deltas)
            guard case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) else {
                Issue.record("the mark was refused")
                return
            }
            mirror.take(batch)
        }
        #expect(mirror.faults == [])
        #expect(mirror.changeCount == 4 + 2)
    }

    @Test("a field patch rebuilds the item's bytes, and the digest proves it")
    func patch() throws {
        var world = world(3)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let old = try #require(world.now[World.key(1)])
        world.put(1, "later")
        let new = try #require(world.now[World.key(1)])
        let oldBytes = Array(old.bytes[old.endpointRange])
        let newBytes = Array(new.bytes[new.endpointRange])
        let patch = Patch(
            seq: new.seq, previousSeq: old.seq,
            spans: [.init(at: 0, remove: UInt32(oldBytes.count), insert: newBytes)])
        _ = held.changesReceived([.patch(patch)])
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the patch was refused")
            return
        }
        #expect(held.state.item(forKey: new.key)?.hash == new.hash)
    }

    @Test("patches find their endpoints by seq, among whatever else comes and goes (G6)")
    func patchesAmongOthers() throws {
        var world = world(8)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        for round in 0..<40 {
            let before = world.head
            let old = try #require(world.now[World.key(round % 5)])
            world.put(round % 5, "round \(round)")
            let middle = try #require(world.now[World.key(round % 5)])
            if round.isMultiple(of: 3) { world.delete(5 + round % 3) }
            if round.isMultiple(of: 4) { world.put(5 + round % 3, "again") }
            world.put(round % 5, "round \(round), later")
            let new = try #require(world.now[World.key(round % 5)])
            var changes = world.deltas(after: before.seq, through: world.head.seq)
            changes[0] = .patch(try #require(Patch(from: old, to: middle)))
            changes[changes.count - 1] = .patch(try #require(Patch(from: middle, to: new)))
            _ = held.changesReceived(changes)
            guard case .applied(let batch) = held.markReceived(world.mark(world.head.seq)) else {
                Issue.record("round \(round) was refused")
                return
            }
            mirror.take(batch)
            #expect(mirror.equals(world, at: world.head.seq))
        }
    }

    @Test("a patch in a snapshot is refused, for only deltas have them (R37)")
    func patchInSnapshot() {
        let world = world(3)
        var held = HeldState(fingerprint: fingerprint)
        _ = held.resyncReceived(resync(.snapshot, world.head))
        let patch = Patch(seq: Seq(4), previousSeq: Seq(2), spans: [])
        let outcome = held.changesReceived(world.items(after: nil) + [.patch(patch)])
        guard case .diverged(.patchBaseMissing(Seq(4))) = outcome else {
            Issue.record("it was taken")
            return
        }
    }

    @Test("a mark that says only what changed leads to the whole position (R38, G8)")
    func steps() {
        var world = world(5)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        for round in 0..<3 {
            let before = world.head
            world.put(round, "step \(round)")
            _ = held.changesReceived(world.deltas(after: before.seq, through: world.head.seq))
            let mark = Mark(
                place: .step(world.head.seq, chain: world.head.chain),
                digest: world.digest(at: world.head.seq))
            guard case .applied(let batch) = held.markReceived(mark) else {
                Issue.record("step \(round) was refused")
                return
            }
            #expect(batch.mark.position == world.head)
            #expect(held.token?.position == world.head)
        }
    }

    /// What is wrong with a patch of the first endpoint, and its code.
    struct Misfit: Sendable {
        var previous: UInt64 = 2
        var spans: [Patch.Span] = []
        let code: String

        static func outside(at: UInt32, remove: UInt32) -> Misfit {
            Misfit(
                spans: [.init(at: at, remove: remove, insert: [])], code: "patch-span-outside")
        }
    }

    @Test(
        "a patch that does not fit is refused with its code, and harms nothing (G6, G12)",
        arguments: [
            Misfit(previous: 5, code: "patch-base-mismatch"),
            .outside(at: 0, remove: .max), .outside(at: 0, remove: .max - 7),
            .outside(at: .max, remove: .max), .outside(at: .max, remove: .max - 7),
            .outside(at: 5, remove: .max), .outside(at: 5, remove: .max - 7),
        ])
    func patchMisfit(misfit: Misfit) {
        let world = world(3)
        var mirror = Mirror()
        var held = holder(of: world, &mirror)
        let patch = Patch(
            seq: Seq(6), previousSeq: Seq(misfit.previous), spans: misfit.spans)
        _ = held.changesReceived([.patch(patch)])
        let mark = Mark(
            position: Position(
                logID: world.logID, epoch: world.epoch, seq: Seq(6), chain: .zero))
        guard case .diverged(let divergence) = held.markReceived(mark) else {
            Issue.record("it was taken")
            return
        }
        #expect(divergence.answer == .refusal(code: misfit.code))
        #expect(held.state.digest == world.digest(at: Seq(3)))
    }
}
