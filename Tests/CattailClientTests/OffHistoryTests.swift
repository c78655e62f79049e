import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol
import Testing

/// A seq does not say of which history it is: two logs that part have the same ones.
@Suite("Off the history that is held")
struct OffHistoryTests {
    private func world() -> World {
        var world = World()
        for number in 0..<6 { world.put(number, "first") }
        return world
    }

    /// Holds everything of the world.
    private func holder(of world: World) -> HeldState {
        var held = HeldState(fingerprint: Selection.everything.fingerprint)
        _ = held.resyncReceived(Resync(how: .snapshot, start: world.head))
        _ = held.changesReceived(world.items(after: nil))
        _ = held.markReceived(world.mark(world.head.seq))
        return held
    }

    /// The same seqs, of which the last are another leader's.
    private func fork(of world: World) -> World {
        var fork = world
        fork.fork(at: Seq(4))
        fork.put(4, "other history")
        fork.put(5, "other history")
        return fork
    }

    @Test("deltas from the seq that is held, on another history, are refused (G7)")
    func otherStart() {
        let world = world()
        let fork = fork(of: world)
        #expect(fork.head.seq == world.head.seq && fork.head != world.head)
        for how in [How.deltas, .netChange] {
            var held = holder(of: world)
            #expect(held.token?.position == world.head)
            guard
                case .diverged(.startNotHeld(Seq(6))) = held.resyncReceived(
                    Resync(how: how, start: fork.head))
            else {
                Issue.record("\(how) of another history was taken")
                continue
            }
            #expect(held.token?.position == world.head)
        }
    }

    @Test("a mark at the seq that is held, on another history, is refused (G7)")
    func otherMark() {
        let world = world()
        var held = holder(of: world)
        var mark = world.mark(world.head.seq)
        mark.position = fork(of: world).head
        guard case .diverged(.markNotOnward(Seq(6))) = held.markReceived(mark) else {
            Issue.record("it was taken")
            return
        }
        #expect(held.position == world.head)
    }

    @Test("a change that stands behind its mark is refused, digest or not (G7)")
    func changeBehindMark() {
        var world = world()
        var held = holder(of: world)
        world.put(0, "second")
        world.put(1, "second")
        _ = held.changesReceived(world.deltas(after: Seq(6), through: Seq(8)))
        var mark = world.mark(Seq(7))
        mark.digest = nil
        guard case .diverged(.changeBehindMark(Seq(8))) = held.markReceived(mark) else {
            Issue.record("it was taken")
            return
        }
        #expect(held.position?.seq == Seq(6))
    }
}
