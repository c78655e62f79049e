internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import ReferenceCluster

struct BenchAgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Agents that subscribe, and one writer: from the wish to each agent's hands.",
        discussion: "All in this process, so that one clock measures both ends.")

    @Option(help: "Subscriptions.") var agents = 100
    @Option(help: "Mutations.") var count = 1_000
    @Option(help: "Mutations per second.") var rate = 200
    @Option(help: "Different endpoints that are written.") var endpoints = 100
    @OptionGroup var servers: ServerOptions

    func validate() throws {
        guard agents > 0, count > 0, endpoints > 0, (1...1_000_000).contains(rate) else {
            throw ValidationError("Numbers are at least 1.")
        }
    }

    func run() async throws {
        try await servers.withClient { client in
            let clock = SentLabel.Clock()
            let agents = try await connect(client)
            let start = ContinuousClock.now
            let times = try await withThrowingTaskGroup(of: Percentiles.self) { group in
                for agent in agents {
                    group.addTask { try await Self.receive(count, by: agent, clock) }
                }
                group.addTask {
                    try await write(through: client, clock)
                    return Percentiles()
                }
                var all = Percentiles()
                for try await times in group { all.add(contentsOf: times) }
                return all
            }
            let deliveries = Rate(
                count: times.nanoseconds.count, elapsed: ContinuousClock.now - start)
            for agent in agents { await agent.close() }
            try Console.output.line(
                JSONLine(
                    [
                        ("bench", .string("agents")), ("agents", .integer(agents.count)),
                        ("mutations", .integer(count)), ("rate", .integer(rate)),
                    ] + deliveries.members + [("latencyMs", times.json)]
                ).text)
        }
    }

    /// All in sync before the clock starts.
    private func connect(_ client: EndpointClient) async throws -> [EndpointSubscription] {
        var connected: [EndpointSubscription] = []
        for _ in 0..<agents {
            let subscription = client.subscribe()
            for try await update in subscription {
                if case .status(.inSync) = update { break }
            }
            connected.append(subscription)
        }
        return connected
    }

    /// An agent that keeps up is told every mutation; one that does not is told the last.
    private static func receive(
        _ count: Int, by agent: EndpointSubscription, _ clock: SentLabel.Clock
    ) async throws -> Percentiles {
        var times = Percentiles()
        for try await update in agent {
            guard case .changes(let changes) = update else { continue }
            let now = clock.now
            var isOver = false
            for case .put(let item) in changes.changes {
                guard let sent = SentLabel(item) else { continue }
                times.add(.nanoseconds(Int64(clamping: now &- sent.nanoseconds)))
                isOver = isOver || sent.number == count - 1
            }
            if isOver { break }
        }
        return times
    }

    private func write(through client: EndpointClient, _ clock: SentLabel.Clock) async throws {
        let made = Array(try GeneratedCluster(count: min(count, endpoints)))
        let pause = Duration.seconds(1) / rate
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                try await Task.sleep(until: start + pause * number, clock: .continuous)
                var endpoint = made[number % made.count]
                SentLabel(number: number, nanoseconds: clock.now).write(to: &endpoint)
                let request = MutationRequest(.apply, endpoint)
                group.addTask { try await client.perform(request) }
            }
            try await group.waitForAll()
        }
    }
}

/// When a mutation was wished for, on the endpoint itself: `NUMBER.NANOSECONDS`.
private struct SentLabel {
    let number: Int
    let nanoseconds: UInt64

    private static let name = LabelName("bench-sent")

    init(number: Int, nanoseconds: UInt64) {
        self.number = number
        self.nanoseconds = nanoseconds
    }

    /// Nil for an endpoint that no bench has written.
    init?(_ item: EncodedItem) {
        let text = item.labels.withValue(of: Self.name) { bytes in
            bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        let parts = text?.split(separator: ".") ?? []
        guard parts.count == 2, let number = Int(parts[0]), let nanoseconds = UInt64(parts[1])
        else { return nil }
        self.init(number: number, nanoseconds: nanoseconds)
    }

    func write(to endpoint: inout WorkloadEndpoint) {
        endpoint.metadata.labels[Self.name.text] = "\(number).\(nanoseconds)"
    }

    /// Nanoseconds since the bench began.
    struct Clock: Sendable {
        private let start = ContinuousClock.now

        var now: UInt64 {
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            return UInt64(clamping: seconds) &* 1_000_000_000
                &+ UInt64(clamping: attoseconds / 1_000_000_000)
        }
    }
}
