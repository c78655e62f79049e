internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import ReferenceCluster

/// The cluster that a server was filled with by `bench bulk`.
struct ClusterOptions: ParsableArguments {
    @Option(help: "Endpoints of the cluster, as `bench bulk` put them there.") var cluster = 1_000
    @Option(help: "Nodes of the cluster; one for each 100 endpoints unless said.") var nodes: Int?

    func made() throws -> GeneratedCluster {
        guard cluster > 0 else { throw ValidationError("--cluster is at least 1.") }
        return try GeneratedCluster(count: cluster, nodes: nodes)
    }
}

/// Which agents there are.
struct AgentOptions: ParsableArguments {
    /// What an agent does with what it gets.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        /// Keeps the endpoints and compares digests.
        case cache
        /// The same, and reads every field of what changed.
        case decode
        /// Counts the bytes.
        case bytes
    }

    @Option(help: "Subscriptions.") var agents = 100
    @Option(help: "The number of the first of them, for {i} and --by-node.") var first = 0
    @Option(help: "What an agent does: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind = Kind.cache
    @Flag(help: "Agent i subscribes to node i of the cluster, around and around.")
    var byNode = false
    @Option(
        name: .customLong("selector"),
        help: ArgumentHelp(
            """
            Agent i subscribes to this selector, with its number in place of {i}; of several they \
            take turns.
            """, valueName: "expression"))
    var selectors: [String] = []
    @Option(help: "How many of them stop reading once in sync; they keep a cache.") var stopped = 0
    @Option(help: "How many of them then read 1 KB/s; they keep a cache.") var slow = 0
    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        guard agents >= 0, stopped >= 0, slow >= 0, stopped + slow <= agents else {
            throw ValidationError("--agents are those that --stopped and --slow are of.")
        }
        guard stopped + slow == 0 || kind != .bytes else {
            throw ValidationError("--stopped and --slow want agents with caches.")
        }
    }

    /// What agents `range` subscribe to.
    func selections(_ range: Range<Int>) throws -> [Selection] {
        let nodes = byNode ? try cluster.made().nodes : 0
        return try range.map { index in
            let node = nodes > 0 ? GeneratedCluster.nodeName(index % nodes) : nil
            guard !selectors.isEmpty else { return Selection(node: node) }
            let text = selectors[index % selectors.count]
                .split(separator: "{i}", omittingEmptySubsequences: false)
                .joined(separator: String(index))
            return Selection(selector: try Selector(parsing: text), node: node)
        }
    }
}

extension AgentOptions {
    /// All agents of this process; none is connected yet.
    func group(_ client: EndpointClient) async throws -> any AgentGroup {
        let healthy = agents - stopped - slow
        var groups: [any AgentGroup] = []
        let selections = try selections(first..<first + agents)
        switch kind {
        case .bytes: groups.append(CountingAgents(selections, client.configuration))
        case .cache, .decode:
            let reading = kind == .decode ? CachingAgents.Reading.everything : .stamps
            groups.append(
                CachingAgents(Array(selections[..<healthy]), client, reading, .asItComes))
        }
        if stopped > 0 {
            let held = Array(selections[healthy..<healthy + stopped])
            groups.append(CachingAgents(held, client, .stamps, .stopped))
        }
        if slow > 0 {
            groups.append(
                try await SlowAgents.start(
                    Array(selections[(healthy + stopped)...]), client.configuration))
        }
        return groups.count == 1 ? groups[0] : JointAgents(groups: groups)
    }
}
