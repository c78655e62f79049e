import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol
import SyncTransport
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
        mark.place = .position(fork(of: world).head)
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

    @Test("a mark at the seq that is held, of which only the epoch is known better, is taken (R38)")
    func sameSeqOtherEpoch() {
        let world = world()
        var known = world.head
        known.epoch.leaderID = 0
        var state = EndpointSet()
        for case .put(let item) in world.items(after: nil) { state.put(item) }
        var held = HeldState(
            fingerprint: Selection.everything.fingerprint, state: state, position: known)
        _ = held.resyncReceived(Resync(how: .deltas, start: known))
        guard case .applied = held.markReceived(world.mark(world.head.seq)) else {
            Issue.record("it was not taken")
            return
        }
        #expect(held.position == world.head)
    }

    @Test(
        "a server that breaks the stream's rules is told message-unexpected, and no digest is blamed"
    )
    func rulesBroken() {
        let world = world()
        let rota = ServerRota(
            servers: [.standard], pauses: .milliseconds(1)...(.milliseconds(2)), seed: 1)
        var machine = SubscriberStateMachine(held: holder(of: world), rota: rota)
        _ = machine.started()
        _ = machine.helloReceived(ServerHello(version: 1, role: .leader, head: world.head))
        _ = machine.messageReceived(.resync(world.resync(.deltas, world.head)))
        let actions = machine.messageReceived(.mark(world.mark(Seq(5))))
        var told: [String] = []
        for action in actions {
            switch action {
            case .disconnect(let goodbye): told.append("goodbye \(goodbye.code)")
            case .send(.refusal(let refusal)): told.append("refusal \(refusal.code)")
            case .tell(.status(.disconnected(let error))): told.append("told \(error.code)")
            case .pause: told.append("pause")
            default: told.append("\(action)")
            }
        }
        #expect(told == ["told protocol-broken", "goodbye message-unexpected", "pause"])
        #expect(machine.held.token == nil, "it is fetched anew")
        #expect(machine.held.state.count == 6)
    }
}
