import CattailClient
import Dispatch
import EndpointModel
import NIOCore
import NIOPosix
import SyncProtocol
import SyncTransport
import Testing

@Suite("Requests over sockets")
struct RequestTests {
    /// Scripts speak when the tests' small pool of threads lets them: no time-out of the client
    /// may end a wait for that.
    private func configuration(_ servers: ServerAddress..., timeout: Duration = .seconds(3600))
        -> ClientConfiguration
    {
        var configuration = ClientConfiguration(servers: servers, actor: "test")
        configuration.pauses = .milliseconds(1)...(.milliseconds(2))
        configuration.timeout = timeout
        return configuration
    }

    private func endpoint(_ number: Int) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = World.key(number).namespace
        endpoint.metadata.name = World.key(number).name
        endpoint.spec.node = "node"
        return endpoint
    }

    private func mutations(_ message: ClientMessage?) -> [Mutation] {
        if case .mutations(let mutations)? = message { mutations } else { [] }
    }

    @Test("a mutation whose connection is lost is sent again under the same request ID (G11)")
    func retry() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        async let result = client.apply(endpoint(1))
        let first = try await server.accept()
        _ = try await first.greet(world)
        let lost = try #require(mutations(await first.next()).first)
        first.cut()
        let second = try await server.accept()
        _ = try await second.greet(world)
        let again = try #require(mutations(await second.next()).first)
        #expect(again.requestID == lost.requestID)
        #expect(again.requestHash == lost.requestHash)
        second.send(.answers([Answer(ticket: again.ticket, outcome: .created, seq: Seq(1))]))
        #expect(try await result.seq == Seq(1))
        await client.close()
        await server.stop()
    }

    @Test("what the wire has no room for fails at once, in its place, and is never sent")
    func unsendable() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        var requests = (1...5).map { MutationRequest(.apply, endpoint($0)) }
        requests[0].requestID = ""
        requests[1].requestID = String(repeating: "x", count: 129)
        requests[2].endpointBytes = Array(repeating: 0, count: 2 << 20)
        requests[3].origin = Origin(faults: Array(repeating: "a fault", count: 200_000))
        let sent = requests
        async let results = {
            var results: [MutationResult] = []
            try await client.submit(sent) { results.append($0) }
            return results
        }()
        let connection = try await server.accept()
        _ = try await connection.greet(world)
        let received = mutations(await connection.next())
        #expect(received.map(\.key) == [World.key(5)])
        connection.send(
            .answers([Answer(ticket: received[0].ticket, outcome: .created, seq: Seq(1))]))
        let codes = try await results.map { $0.error?.code }
        #expect(codes == [.invalid, .invalid, .tooLong, .tooLong, nil])
        await client.close()
        await server.stop()
    }

    @Test("a request for an endpoint without a name bears the name that its identifiers give")
    func derivedName() {
        var endpoint = endpoint(1)
        endpoint.metadata.name = ""
        #expect(MutationRequest(.apply, endpoint).key.name == "")
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.pod = "pod"
        endpoint.spec.endpoint = "eth0"
        #expect(MutationRequest(.apply, endpoint).key.name == "node-k8s-pod-eth0")
    }

    /// A loop that a test may hold up: nobody else's work waits for it.
    private static let heldLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Whether the write or the reading finds out first is the loop's affair: either may, so it is
    /// tried some times.
    @Test(
        "a mutation whose write finds the connection broken is sent over the next one (G11)",
        arguments: 0..<8)
    func brokenWrite(attempt: Int) async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        var configuration = configuration(server.address)
        configuration.eventLoopGroup = Self.heldLoop
        let client = EndpointClient(configuration: configuration)
        async let before = client.apply(endpoint(1))
        let first = try await server.accept()
        _ = try await first.greet(world)
        let answered = try #require(mutations(await first.next()).first)
        first.send(.answers([Answer(ticket: answered.ticket, outcome: .created, seq: Seq(1))]))
        #expect(try await before.seq == Seq(1))

        // The client's loop is held while the connection breaks, and finds the mutation first.
        let held = DispatchSemaphore(value: 0)
        Self.heldLoop.next().execute { held.wait() }
        try await first.reset()
        let sending = client.mutations()
        try await sending.send(MutationRequest(.apply, endpoint(2)))
        sending.finish()
        held.signal()

        let second = try await server.accept()
        _ = try await second.greet(world)
        let again = try #require(mutations(await second.next()).first)
        second.send(.answers([Answer(ticket: again.ticket, outcome: .created, seq: Seq(2))]))
        var results: [MutationResult] = []
        for await result in sending { results.append(result) }
        #expect(results.map(\.seq) == [Seq(2)])
        await client.close()
        await server.stop()
    }

    /// In one write, so that mostly one read brings both.
    @Test("what was answered before a goodbye is handed over, though no read ends any more")
    func answeredAndSentAway() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        let sending = client.mutations()
        try await sending.send(MutationRequest(.apply, endpoint(1)))
        sending.finish()
        let connection = try await server.accept()
        _ = try await connection.greet(world)
        let mutation = try #require(mutations(await connection.next()).first)
        connection.send(
            .answers([Answer(ticket: mutation.ticket, outcome: .created, seq: Seq(1))]),
            .goodbye(Goodbye(code: .draining, message: "goes down")))
        var results: [MutationResult] = []
        for await result in sending { results.append(result) }
        #expect(results.map(\.seq) == [Seq(1)])
        await client.close()
        await server.stop()
    }

    @Test("a follower's answer leads to the leader by itself")
    func notLeader() async throws {
        let world = World()
        let follower = try await ScriptedServer.start()
        let leader = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(follower.address))
        async let result = client.apply(endpoint(1))
        let first = try await follower.accept()
        _ = try await first.greet(world, role: .follower)
        let asked = try #require(mutations(await first.next()).first)
        first.send(
            .answers([
                Answer(
                    ticket: asked.ticket, outcome: .failed, code: .notLeader,
                    leader: leader.address.description)
            ]))
        let second = try await leader.accept()
        _ = try await second.greet(world)
        let again = try #require(mutations(await second.next()).first)
        #expect(again.requestID == asked.requestID)
        second.send(.answers([Answer(ticket: again.ticket, outcome: .configured, seq: Seq(9))]))
        #expect(try await result.seq == Seq(9))
        await client.close()
        await follower.stop()
        await leader.stop()
    }

    @Test("an outcome that is not known is asked again under the same request ID (G11)")
    func outcomeUnknown() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        async let result = client.apply(endpoint(1))
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        let asked = try #require(mutations(await peer.next()).first)
        peer.send(
            .answers([Answer(ticket: asked.ticket, outcome: .failed, code: .outcomeUnknown)]))
        let again = try #require(mutations(await peer.next()).first)
        #expect(again.requestID == asked.requestID)
        peer.send(.answers([Answer(ticket: again.ticket, outcome: .created, seq: Seq(1))]))
        #expect(try await result.seq == Seq(1))
        await client.close()
        await server.stop()
    }

    @Test("no server at all is an error that names the addresses")
    func unreachable() async throws {
        let dead = try await ScriptedServer.start()
        await dead.stop()
        let client = EndpointClient(
            configuration: configuration(dead.address, timeout: .milliseconds(50)))
        let error = await #expect(throws: ClientError.self) {
            try await client.apply(endpoint(1))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains(dead.address.description) == true)
        let query = await #expect(throws: ClientError.self) { try await client.status() }
        #expect(query?.code == .unreachable)
        await client.close()
    }

    @Test("what was sent and never answered is outcome-unknown, not failed (G11)")
    func unanswered() async throws {
        let server = try await ScriptedServer.start(greeting: World())
        let client = EndpointClient(
            configuration: configuration(server.address, timeout: .seconds(2)))
        let error = await #expect(throws: ClientError.self) { try await client.apply(endpoint(1)) }
        #expect(error?.code == .outcomeUnknown)
        let peer = try await server.accept()
        guard case .hello? = await peer.next(), case .mutations? = await peer.next() else {
            Issue.record("the mutation was never sent")
            return
        }
        await client.close()
        await server.stop()
    }

    @Test("bulk results come in the order of sending, whatever connections do (G11)")
    func bulk() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        let requests = (0..<5000).map { MutationRequest(.apply, endpoint($0)) }
        let serving = Task {
            // Answers some of each connection's mutations, some of them out of order, and cuts.
            var seqs: [String: UInt64] = [:]
            var connections = 0
            while seqs.count < requests.count {
                let peer = try await server.accept()
                _ = try await peer.greet(world)
                connections += 1
                var frames = 0
                while seqs.count < requests.count, let message = await peer.next() {
                    let mutations = mutations(message)
                    frames += 1
                    if frames == 3, connections < 4 {
                        peer.cut()
                        break
                    }
                    for mutation in mutations where seqs[mutation.requestID] == nil {
                        seqs[mutation.requestID] = UInt64(seqs.count + 1)
                    }
                    peer.send(
                        .answers(
                            mutations.reversed().map {
                                Answer(
                                    ticket: $0.ticket, outcome: .created,
                                    seq: Seq(seqs[$0.requestID] ?? 0))
                            }))
                }
            }
            return (seqs.count, connections)
        }
        var keys: [EndpointKey] = []
        try await client.submit(requests, window: 512) { keys.append($0.key) }
        #expect(keys == requests.map(\.key))
        let (distinct, connections) = try await serving.value
        #expect(distinct == requests.count)
        #expect(connections == 4)
        await client.close()
        await server.stop()
    }

    @Test("an answer in parts is read page by page, and ends with the seq it speaks of")
    func query() async throws {
        var world = World()
        for number in 0..<6 { world.put(number, "first") }
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        let items = world.now.values.sorted { $0.key < $1.key }
        async let listed = client.list(at: .seq(Seq(6))).collect()
        let peer = try await server.accept()
        let hello = try await peer.greet(world)
        #expect(hello.role == .requests)
        guard case .query(let query)? = await peer.next() else {
            Issue.record("no query came")
            return
        }
        #expect(query.body == .list(SelectionRequest(), at: .seq(Seq(6))))
        for item in items {
            peer.send(.queryAnswer(QueryAnswer(ticket: query.ticket, body: .items([item]))))
        }
        peer.send(.queryAnswer(QueryAnswer(ticket: query.ticket, body: .end(Seq(6)))))
        let answer = try await listed
        #expect(answer.elements.map(\.seq) == items.map(\.seq))
        #expect(answer.seq == Seq(6))
        await client.close()
        await server.stop()
    }

    @Test("a failure of a query carries the server's code")
    func queryFails() async throws {
        let world = World()
        let server = try await ScriptedServer.start()
        let client = EndpointClient(configuration: configuration(server.address))
        let got = Task { try await client.get(World.key(1), at: .seq(Seq(99))) }
        let peer = try await server.accept()
        _ = try await peer.greet(world)
        guard case .query(let query)? = await peer.next() else {
            Issue.record("no query came")
            return
        }
        peer.send(
            .queryAnswer(
                QueryAnswer(
                    ticket: query.ticket, body: .failure(.positionAhead, message: "head is 0"))))
        let error = await #expect(throws: ClientError.self) { try await got.value }
        #expect(error?.code == .positionAhead)
        await client.close()
        await server.stop()
    }
}
