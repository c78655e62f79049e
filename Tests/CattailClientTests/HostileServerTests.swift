import CattailClient
import EndpointModel
import EndpointState
import SyncProtocol
import SyncTransport
import Testing

@Suite("A subscriber and a server that breaks the rules")
struct HostileServerTests {
    private var world: World {
        var world = World()
        for number in 0..<3 { world.put(number, "first") }
        return world
    }

    /// A change whose item is one byte that is no tag.
    private let unreadable: [UInt8] = [0x1A, 5, 0x0A, 3, 0x0A, 1, 0xFF]

    @Test("an item that is not canonical is refused by its code, and nothing is built on (G6, G12)")
    func unreadableItem() throws {
        let world = world
        let rota = ServerRota(
            servers: [.standard], pauses: .milliseconds(1)...(.milliseconds(2)), seed: 1)
        let held = HeldState(fingerprint: Selection.everything.fingerprint)
        var machine = SubscriberStateMachine(held: held, rota: rota)
        _ = machine.started()
        _ = machine.helloReceived(ServerHello(version: 1, role: .leader, head: world.head))
        _ = machine.messageReceived(.resync(world.resync(.snapshot, world.head)))
        let state = Changes(changes: world.items(after: nil), mark: world.mark(Seq(3), .inSync))
        _ = machine.messageReceived(.changes(state))
        #expect(machine.held.token?.position == world.head)

        let actions = machine.messageReceived(try ServerMessage(decoding: unreadable))
        let refusals = actions.compactMap { action -> Refusal? in
            if case .send(.refusal(let refusal)) = action { refusal } else { nil }
        }
        #expect(refusals.map(\.code) == ["truncated"])
        #expect(actions.contains { if case .disconnect = $0 { true } else { false } })
        guard case .pausing = machine.state else {
            Issue.record("it goes on: \(machine.state)")
            return
        }
        #expect(machine.held.token == nil)
        #expect(machine.held.state.count == 3)
    }

    @Test(
        "who sends no frame or no message is told so before the end, and is tried again (G12)",
        arguments: [
            ([0xFF, 0xFF, 0xFF, 0xFF], "frame-malformed", "frame-too-long"),
            ([0, 0, 0, 0], "frame-malformed", "frame-empty"),
            ([0, 0, 0, 1, 7], "frame-malformed", "codec-unknown"),
            ([0, 0, 0, 6, 1, 0, 0, 0, 9, 1], "frame-malformed", "deflate-damaged"),
            ([0, 0, 0, 3, 0, 0x53, 1], "message-malformed", "tag-malformed"),
        ] as [([UInt8], String, String)])
    func noFrame(bytes: [UInt8], code: String, fault: String) async throws {
        let world = world
        let server = try await ScriptedServer.start()
        var configuration = ClientConfiguration(servers: [server.address], actor: "test")
        configuration.pauses = .milliseconds(1)...(.milliseconds(2))
        let subscription = EndpointSubscription(configuration: configuration)
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        peer.sendSnapshot(world)
        peer.send(raw: bytes)
        var goodbye: Goodbye?
        while let message = await peer.next() {
            if case .goodbye(let said) = message { goodbye = said }
        }
        #expect(goodbye?.code.rawValue == code)
        #expect(goodbye?.message.hasPrefix(fault) == true, "\(goodbye?.message ?? "nothing")")
        // What was held before is sound, and is built on.
        let again = try await server.accept()
        #expect(try await again.greet(world).resume?.position == world.head)
        await subscription.close()
        await server.stop()
    }

    @Test("who says no hello in time is told that it is late, and is tried again (G12)")
    func noHello() async throws {
        let server = try await ScriptedServer.start()
        var configuration = ClientConfiguration(servers: [server.address], actor: "test")
        configuration.timeout = .milliseconds(500)
        configuration.pauses = .milliseconds(1)...(.milliseconds(2))
        let subscription = EndpointSubscription(configuration: configuration)
        let peer = try await server.accept()
        var said: [GoodbyeCode] = []
        while let message = await peer.next() {
            if case .goodbye(let goodbye) = message { said.append(goodbye.code) }
        }
        #expect(said == [.helloLate])
        _ = try await server.accept()
        await subscription.close()
        await server.stop()
    }
}
