internal import CattailClient
internal import EndpointModel
internal import NIOCore
internal import SyncTransport

/// Agents with caches behind a relay that is slow from when they are in sync until they are
/// released.
final class SlowAgents: AgentGroup {
    private let relay: SlowRelay
    private let client: EndpointClient
    private let agents: CachingAgents

    private init(_ relay: SlowRelay, _ client: EndpointClient, _ agents: CachingAgents) {
        self.relay = relay
        self.client = client
        self.agents = agents
    }

    static func start(_ selections: [Selection], _ configuration: ClientConfiguration)
        async throws -> SlowAgents
    {
        guard let server = configuration.servers.first else {
            throw UsageFault("there is no server", remedy: "name one with --server")
        }
        let relay = try await SlowRelay.start(to: server, on: configuration.eventLoopGroup)
        var configuration = configuration
        configuration.servers = [relay.address]
        let client = EndpointClient(configuration: configuration)
        return SlowAgents(
            relay, client, CachingAgents(selections, client, .stamps, .asItComes))
    }

    func connect() async throws {
        try await agents.connect()
        relay.set(.slow)
    }

    func release() async throws { relay.set(.asItComes) }

    func begin() async throws { try await agents.begin() }
    func tally() async throws -> AgentTally { try await agents.tally() }
    func holding(_ seq: Seq) async throws -> Int { try await agents.holding(seq) }
    func digests() async throws -> Set<String> { try await agents.digests() }

    func close() async {
        await agents.close()
        await client.close()
        await relay.close()
    }
}
