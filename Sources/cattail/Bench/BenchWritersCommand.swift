internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import ReferenceCluster

struct BenchWritersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "writers",
        abstract: "Writers of one mutation at a time, over some connections.")

    @Option(help: "Writers, each waiting for its answer before the next mutation.")
    var writers = 64

    @Option(help: "Connections that the writers share.")
    var connections = 8

    @Option(help: "Mutations, all writers together.")
    var count = 20_000

    @Option(help: "Different endpoints that are written.")
    var endpoints = 1_000

    @OptionGroup var servers: ServerOptions

    func validate() throws {
        guard writers > 0, connections > 0, count > 0, endpoints > 0 else {
            throw ValidationError("Numbers are at least 1.")
        }
    }

    func run() async throws {
        let requests = try Self.requests(count: count, endpoints: endpoints)
        let configuration = try servers.configuration()
        let clients = (0..<connections).map { _ in EndpointClient(configuration: configuration) }
        // Connections are made before the clock starts.
        for client in clients { _ = try await client.apply(Self.warmUp(), effect: .dryRun) }
        let clock = ContinuousClock()
        let start = clock.now
        let times = try await withThrowingTaskGroup(of: Latencies.self) { group in
            for writer in 0..<writers {
                let client = clients[writer % clients.count]
                group.addTask {
                    try await Self.write(requests, from: writer, by: writers, client)
                }
            }
            var all = Latencies()
            for try await times in group { all.add(contentsOf: times) }
            return all
        }
        let rate = Rate(count: count, elapsed: clock.now - start)
        for client in clients { await client.close() }
        try Console.output.line(
            JSONLine(
                [
                    ("bench", .string("writers")), ("writers", .integer(writers)),
                    ("connections", .integer(connections)),
                ] + rate.members + [("latencyMs", times.json)]
            ).text)
    }

    private static func write(
        _ requests: [MutationRequest], from first: Int, by step: Int, _ client: EndpointClient
    ) async throws -> Latencies {
        let clock = ContinuousClock()
        var times = Latencies()
        for index in stride(from: first, to: requests.count, by: step) {
            let start = clock.now
            try await client.perform(requests[index])
            times.add(clock.now - start)
        }
        return times
    }

    /// Each changes its endpoint, so that each makes an event.
    static func requests(count: Int, endpoints: Int) throws -> [MutationRequest] {
        let cluster = try GeneratedCluster(count: min(count, endpoints))
        let made = Array(cluster)
        // Another run on the same node must find other values.
        let run = Int.random(in: 1...1_000_000) * 100
        return (0..<count).map { index in
            let step = run + index / made.count
            let endpoint = GeneratedCluster.relabelled(made[index % made.count], step: step)
            return MutationRequest(.apply, endpoint)
        }
    }

    private static func warmUp() throws -> WorkloadEndpoint {
        try GeneratedCluster(count: 1).endpoint(at: 0)
    }
}
