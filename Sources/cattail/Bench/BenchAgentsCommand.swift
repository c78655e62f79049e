internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import NIOCore
internal import NIOPosix
internal import ReferenceCluster
internal import SyncProtocol

struct BenchAgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Agents that subscribe, and one writer: from the wish to each agent's hands.",
        discussion: """
            Everything is in this process, so that one clock measures both ends. Agents that keep
            a cache measure how long each change took; agents that only count bytes cost so little
            that the server is what is measured (--server-pid reads its processor time and memory).
            """)

    /// What an agent does with what it gets.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        /// Keeps the endpoints and compares digests.
        case cache
        /// Counts the bytes.
        case bytes
    }

    @Option(help: "Subscriptions.") var agents = 100
    @Option(help: "What an agent does: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind = Kind.cache
    @Option(help: "Mutations.") var count = 1_000
    @Option(help: "Mutations per second; 0: as fast as the node takes them.") var rate = 200
    @Option(help: "Different endpoints that are written.") var endpoints = 100
    @Flag(help: "Each agent subscribes to one node of the cluster, in turn.") var byNode = false
    @Option(help: ArgumentHelp("Process of the server, to be measured.", valueName: "pid"))
    var serverPid: Int?
    @OptionGroup var servers: ServerOptions

    func validate() throws {
        guard agents > 0, count > 0, endpoints > 0, (0...1_000_000).contains(rate) else {
            throw ValidationError("Numbers are at least 1, and --rate at most 1000000.")
        }
    }

    func run() async throws {
        try await servers.withClient { client in
            let clock = SentLabel.Clock()
            let agents = try await connected(client)
            let before = try serverPid.map(ServerProcess.init)
            let start = ContinuousClock.now
            let writing = Task { try await write(through: client, clock) }
            let outcome = try await agents.receive(count, clock) { try await writing.value }
            let deliveries = Rate(
                count: outcome.deliveries, elapsed: ContinuousClock.now - start)
            let server = try before.map { try $0.until(ServerProcess($0.pid), deliveries.count) }
            await agents.close()
            try Console.output.line(
                JSONLine(
                    [
                        ("bench", .string("agents")), ("agents", .integer(self.agents)),
                        ("kind", .string(kind.rawValue)), ("mutations", .integer(count)),
                        ("rate", .integer(rate)),
                        ("connectSeconds", .decimal(agents.connectSeconds)),
                    ] + deliveries.members + [
                        ("bytes", outcome.bytes.map { .integer($0) } ?? .null),
                        (
                            "bytesPerDelivery",
                            outcome.bytesPerDelivery.map { .decimal($0) } ?? .null
                        ),
                        ("latencyMs", outcome.times.json), ("server", server ?? .null),
                    ]
                ).text)
        }
    }

    /// All in sync before the clock starts.
    private func connected(_ client: EndpointClient) async throws -> BenchAgents {
        var nodes: [String] = []
        if byNode {
            for endpoint in try GeneratedCluster(count: endpoints)
            where nodes.last != endpoint.spec.node { nodes.append(endpoint.spec.node) }
        }
        let selections = (0..<agents).map { index in
            nodes.isEmpty ? Selection.everything : Selection(node: nodes[index % nodes.count])
        }
        let start = ContinuousClock.now
        var made =
            switch kind {
            case .cache: try await BenchAgents.caches(selections, client)
            case .bytes: try await BenchAgents.counters(selections, servers.configuration())
            }
        made.connectSeconds = Rate(count: 1, elapsed: ContinuousClock.now - start).seconds
        return made
    }

    /// Each mutation changes one label. Gives back the seq of the last.
    private func write(through client: EndpointClient, _ clock: SentLabel.Clock) async throws
        -> Seq
    {
        let made = Array(try GeneratedCluster(count: endpoints).prefix(count))
        // Another run on the same node must find other values.
        let run = Int.random(in: 1...1_000_000) * 100
        let kind = kind
        let requests = (0..<count).lazy.map { number in
            var endpoint = made[number % made.count]
            switch kind {
            case .bytes:
                endpoint = GeneratedCluster.relabelled(endpoint, step: run + number / made.count)
            case .cache: SentLabel(number: number, nanoseconds: clock.now).write(to: &endpoint)
            }
            return MutationRequest(.apply, endpoint)
        }
        var last = Seq.zero
        guard rate > 0 else {
            try await client.submit(Array(requests)) { result in
                if let error = result.error { throw error }
                last = max(last, result.seq ?? .zero)
            }
            return last
        }
        let pause = Duration.seconds(1) / rate
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Seq.self) { group in
            for (number, request) in requests.enumerated() {
                try await Task.sleep(until: start + pause * number, clock: .continuous)
                group.addTask { try await client.perform(request).seq ?? .zero }
            }
            for try await seq in group { last = max(last, seq) }
        }
        return last
    }
}

/// When a mutation was wished for, on the endpoint itself: `NUMBER.NANOSECONDS`.
struct SentLabel {
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
