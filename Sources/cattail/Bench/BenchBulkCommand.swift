internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import ReferenceCluster

struct BenchBulkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Push endpoints, prepared beforehand, through the library's pipeline.")

    @Option(help: "Endpoints.") var count = 100_000
    @Option(help: "Requests under way at most.") var window = 8_192
    @Option(help: "Everything follows from it.") var seed: UInt64 = 1
    @Option(help: "Nodes of the cluster; one for each 100 endpoints unless said.") var nodes: Int?
    @Option(help: "The first endpoint's number: a large cluster comes in parts.") var first = 0
    @Option(help: "0: as the cluster has them; else with one label changed, to another each.")
    var step = 0

    @OptionGroup var servers: ServerOptions

    func validate() throws {
        guard count > 0, window > 0, first >= 0 else {
            throw ValidationError("Numbers are at least 1, and --first at least 0.")
        }
    }

    func run() async throws {
        let whole = first + count
        let nodes = nodes ?? max(1, (whole + 99) / GeneratedCluster.endpointsPerNode)
        let cluster = try GeneratedCluster(count: whole, seed: seed, nodes: nodes)
        let requests = (first..<whole).map { index in
            let endpoint = cluster.endpoint(at: index)
            return MutationRequest(
                .apply, step == 0 ? endpoint : GeneratedCluster.relabelled(endpoint, step: step))
        }
        try await servers.withClient { client in
            _ = try await client.perform(
                MutationRequest(.apply, cluster.endpoint(at: 0), effect: .dryRun))
            let clock = ContinuousClock()
            let start = clock.now
            var outcomes: [String: Int] = [:]
            try await client.submit(requests, window: window) { result in
                outcomes[result.outcome.word ?? "failed", default: 0] += 1
            }
            let rate = Rate(count: count, elapsed: clock.now - start)
            let counted = outcomes.sorted { $0.key < $1.key }
                .map { ($0.key, Optional(DocumentValue.integer($0.value))) }
            try Console.output.line(
                JSONLine([("bench", .string("bulk"))] + rate.members + counted).text)
        }
    }
}
