internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import ReferenceCluster

/// What is written while agents subscribe.
struct LoadOptions: ParsableArguments {
    /// What a mutation changes of its endpoint.
    enum Change: String, ExpressibleByArgument, CaseIterable {
        /// A label that says when it was sent.
        case stamp
        /// The label `version`, as a rollout would.
        case version
    }

    @Option(help: "Mutations.") var count = 1_000
    @Option(help: "Mutations per second; 0: as fast as the node takes them.") var rate = 200
    @Option(help: "Different endpoints that are written, the cluster's first.") var endpoints =
        1_000
    @Option(help: "Only endpoints of the first of the nodes are written: so many.")
    var writtenNodes: Int?
    @Option(help: "What is changed: \(Change.allCases.map(\.rawValue).joined(separator: ", ")).")
    var change = Change.stamp
    @Flag(help: "Each mutation waits until all agents hold the one before; no --rate counts.")
    var lockstep = false

    func validate() throws {
        guard count >= 0, endpoints > 0, (0...1_000_000).contains(rate) else {
            throw ValidationError("--endpoints is at least 1, and --rate at most 1000000.")
        }
    }
}

/// A writer of this process.
struct BenchLoad {
    let options: LoadOptions
    let targets: [WorkloadEndpoint]
    /// Another run on the same node must find other values.
    private let run = Int.random(in: 1...1_000_000) * 100

    struct Outcome: Sendable {
        var last = Seq.zero
        var seconds = 0.0
        /// From the call to the answer; of mutations that are paced.
        var latencies = Latencies()
    }

    init(_ options: LoadOptions, _ cluster: GeneratedCluster) throws {
        self.options = options
        let nodes = options.writtenNodes.map { Set((0..<$0).map(GeneratedCluster.nodeName)) }
        targets = Array(
            cluster.lazy.filter { nodes?.contains($0.spec.node) ?? true }
                .prefix(options.endpoints))
        guard !targets.isEmpty else { throw ValidationError("No endpoint would be written.") }
    }

    func write(through client: EndpointClient, to agents: any AgentGroup, _ number: Int)
        async throws -> Outcome
    {
        let start = ContinuousClock.now
        var outcome =
            if options.lockstep {
                try await lockstep(client, agents, number)
            } else if options.rate == 0 {
                try await flatOut(client)
            } else {
                try await paced(client, from: start)
            }
        outcome.seconds = (ContinuousClock.now - start).inSeconds
        return outcome
    }

    /// Made before the clock starts where nothing in it speaks of the time.
    private func flatOut(_ client: EndpointClient) async throws -> Outcome {
        var outcome = Outcome()
        try await client.submit((0..<options.count).lazy.map(request)) { result in
            if let error = result.error { throw error }
            outcome.last = max(outcome.last, result.seq ?? .zero)
        }
        return outcome
    }

    /// What one event costs can be counted only when no two share their work.
    private func lockstep(_ client: EndpointClient, _ agents: any AgentGroup, _ agentCount: Int)
        async throws -> Outcome
    {
        var outcome = Outcome()
        for number in 0..<options.count {
            let sent = ContinuousClock.now
            outcome.last = try await client.perform(request(number)).seq ?? .zero
            outcome.latencies.add(ContinuousClock.now - sent)
            _ = try await agents.hold(outcome.last, all: agentCount, within: .seconds(10))
        }
        return outcome
    }

    private func paced(_ client: EndpointClient, from start: ContinuousClock.Instant)
        async throws -> Outcome
    {
        let pause = Duration.seconds(1) / options.rate
        return try await withThrowingTaskGroup(of: (Seq, Duration).self) { group in
            for number in 0..<options.count {
                try await Task.sleep(until: start + pause * number, clock: .continuous)
                let sent = ContinuousClock.now
                let request = request(number)
                group.addTask {
                    let seq = try await client.perform(request).seq ?? .zero
                    return (seq, ContinuousClock.now - sent)
                }
            }
            var outcome = Outcome()
            for try await (seq, taken) in group {
                outcome.last = max(outcome.last, seq)
                outcome.latencies.add(taken)
            }
            return outcome
        }
    }

    @Sendable private func request(_ number: Int) -> MutationRequest {
        var endpoint = targets[number % targets.count]
        switch options.change {
        case .stamp: SentLabel.write(to: &endpoint)
        case .version:
            endpoint = GeneratedCluster.relabelled(endpoint, step: run + number / targets.count)
        }
        return MutationRequest(.apply, endpoint)
    }
}
