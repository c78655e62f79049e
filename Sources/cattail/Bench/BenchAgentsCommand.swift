internal import ArgumentParser
internal import CattailClient
internal import EndpointModel

struct BenchAgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "Agents that subscribe, and one writer: from the call to each agent's hands.",
        discussion: """
            The writer is in this process; the agents are too, or spread over --processes others. \
            Agents with caches measure how long each change took, from the call to when it can be \
            read; agents that only count bytes cost so little that the server is what is measured \
            (--server-pid reads its processor time and memory). --agents 0 only writes. The share \
            of updates that agents were spared, because a later one came in their place, is \
            `mergedShare`; it counts for selections of everything.
            """)

    @OptionGroup var agents: AgentOptions
    @OptionGroup var load: LoadOptions
    @Option(help: "Processes with agents beside this one; 0: they are in this one.")
    var processes = 0
    @Option(help: "Seconds that agents have, once all is written.") var patience = 60
    @Option(help: ArgumentHelp("Process of the server, to be measured.", valueName: "pid"))
    var serverPid: Int?
    @OptionGroup var servers: ServerOptions

    func validate() throws {
        guard (0...64).contains(processes) else { throw ValidationError("--processes is 0-64.") }
        guard patience > 0 else { throw ValidationError("--patience is at least 1.") }
    }

    func run() async throws {
        try await servers.withClient { client in
            let load = try BenchLoad(load, agents.cluster.made())
            let group = try await group(client)
            do {
                try await measure(group, load, client)
            } catch {
                await group.close()
                throw error
            }
            await group.close()
        }
    }

    private func group(_ client: EndpointClient) async throws -> any AgentGroup {
        guard processes > 0 else { return try await agents.group(client) }
        return JointAgents(
            groups: try (0..<processes).map { number in
                try AgentProcess(
                    agents, first: agents.agents * number / processes,
                    count: agents.agents * (number + 1) / processes
                        - agents.agents * number / processes, client.configuration)
            })
    }

    private func measure(_ group: any AgentGroup, _ load: BenchLoad, _ client: EndpointClient)
        async throws
    {
        let dialed = ContinuousClock.now
        try await group.connect()
        let connectSeconds = (ContinuousClock.now - dialed).inSeconds
        // The writer's connection is made before the clock starts.
        try await client.perform(MutationRequest(.apply, load.targets[0], effect: .dryRun))
        let before = try serverPid.map(ServerProcess.init)
        try await group.begin()
        let start = ContinuousClock.now
        let reading = agents.agents - agents.stopped - agents.slow
        let written = try await load.write(through: client, to: group, reading)
        let holding = try await group.hold(
            written.last, all: reading, within: .seconds(patience))
        let seconds = (ContinuousClock.now - start).inSeconds
        let tally = try await group.tally()
        let server = try before.map { try $0.until(ServerProcess($0.pid), tally.deliveries) }
        try Console.output.line(
            JSONLine(
                [
                    ("bench", .string("agents")), ("agents", .integer(agents.agents)),
                    ("kind", .string(agents.kind.rawValue)),
                    ("mutations", .integer(self.load.count)), ("rate", .integer(self.load.rate)),
                    ("connectSeconds", .decimal(connectSeconds)),
                    ("seconds", .decimal(seconds)),
                    ("perSecond", .decimal(Double(tally.deliveries) / seconds)),
                    ("mergedShare", mergedShare(tally)),
                ] + tally.members + [
                    ("holding", .integer(holding)),
                    ("writeSeconds", .decimal(written.seconds)),
                    ("writeMs", written.latencies.json), ("lastSeq", .seq(written.last)),
                    ("server", server ?? .null),
                ]
            ).text)
    }

    private func mergedShare(_ tally: AgentTally) -> DocumentValue {
        let asked = load.count * agents.agents
        guard asked > 0, agents.selectors.isEmpty, !agents.byNode else { return .null }
        return .number(String(1 - Double(tally.deliveries) / Double(asked)))
    }
}
