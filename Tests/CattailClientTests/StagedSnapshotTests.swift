import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol
import Testing

/// What a snapshot has brought before its mark: endpoints as they were when they were sent, and
/// changes that came in between.
@Suite("A snapshot before its mark")
struct StagedSnapshotTests {
    private func world() -> World {
        var world = World()
        for number in 0..<5 { world.put(number, "first") }
        return world
    }

    private func held(_ start: Position) -> HeldState {
        var held = HeldState(fingerprint: Selection.everything.fingerprint)
        _ = held.resyncReceived(Resync(how: .snapshot, start: start))
        return held
    }

    @Test("a mark may not stand before what a snapshot has brought, before a cut or after it (G7)")
    func highest() {
        var world = world()
        let start = world.head
        var held = held(start)
        // The first endpoint changes before it is sent; those behind it are older.
        world.put(0, "second")
        let items = world.items(after: nil)
        #expect(items.first?.seq == Seq(6) && items.last?.seq != Seq(6))
        _ = held.changesReceived(items)
        held.connectionEnded()
        #expect(held.cursor?.highest == Seq(6))
        _ = held.resyncReceived(Resync(how: .snapshot, start: start))
        guard case .diverged(.changeBehindMark(Seq(6))) = held.markReceived(world.mark(Seq(5)))
        else {
            Issue.record("it went back behind what it had seen")
            return
        }
        #expect(held.state.isEmpty)
    }

    @Test("what was removed while a snapshot came is not brought back by an older put (G7)")
    func removed() {
        var world = world()
        let start = world.head
        var held = held(start)
        let items = world.items(after: nil)
        world.delete(2)
        _ = held.changesReceived(world.deltas(after: start.seq, through: world.head.seq))
        _ = held.changesReceived(items)
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("the mark was refused")
            return
        }
        #expect(held.state.item(forKey: World.key(2)) == nil)
        #expect(held.state.digest == world.digest(at: world.head.seq))
    }
}
