internal import EndpointModel
internal import Feeds
internal import NIOCore
internal import ReferenceCluster
internal import ReplicaCore
internal import SyncProtocol

/// Everything that there is in one run.
final class World {
    let scenario: Scenario
    let folder: String
    let timeline = Timeline()
    let trace: Trace
    let network: Network
    let logID: LogID
    let endpoints: [WorkloadEndpoint]
    let wanted: [Wanted]
    private(set) lazy var history = History(self)
    private(set) var nodes: [SimulatedNode] = []
    private(set) var agents: [SimulatedAgent] = []
    private(set) var writers: [SimulatedWriter] = []
    private(set) var failure: String?
    /// False when the run is over: nothing is begun any more.
    private(set) var isRunning = true
    private let encoder = FrameEncoder()
    private var dice: Dice

    init(_ scenario: Scenario, in folder: String) throws {
        self.scenario = scenario
        self.folder = folder
        dice = Dice(seed: scenario.seed ^ 0x5EED_0F7E_5715)
        trace = Trace(timeline)
        network = Network(timeline, trace, dice.fork())
        logID = LogID.random(using: &dice)
        let cluster = try GeneratedCluster(
            count: scenario.endpoints, seed: dice.next() % 1_000, nodes: 3)
        endpoints = Array(cluster)
        wanted = Wanted.all(endpoints)
        try populate()
    }

    private func populate() throws {
        for number in 0..<scenario.nodes {
            let upstream = number > 0 ? ["node-\(scenario.upstreams[number - 1]):1"] : []
            nodes.append(
                try SimulatedNode(number, self, upstreams: upstream, dice: dice.fork()))
        }
        let addresses = nodes.map(\.address)
        for number in 0..<scenario.agents {
            let agent = SimulatedAgent(
                number, self, dice.pick(wanted), shuffled(addresses), dice.fork())
            agents.append(agent)
        }
        for number in 0..<scenario.writers {
            writers.append(SimulatedWriter(number, self, shuffled(addresses), dice.fork()))
        }
    }

    private func shuffled(_ addresses: [String]) -> [String] { addresses.shuffled(using: &dice) }

    func makeDice() -> Dice { dice.fork() }

    func node(at address: String) -> SimulatedNode? { nodes.first { $0.address == address } }

    /// Those that lead, as they think, and may write.
    var leaders: [NodeProcess] {
        nodes.compactMap(\.process).filter { process in
            process.role == .leader && !process.pledge.seals(process.hub.position.epoch)
        }
    }

    /// A session's clock.
    var instant: SyncProtocol.Instant { .init(milliseconds: Int64(timeline.milliseconds)) }

    func frame(_ message: some WireMessage) -> ByteBuffer {
        do { return try encoder.frame(message) } catch {
            preconditionFailure("a message that no frame can hold: \(error)")
        }
    }

    /// The first is what is told.
    func fail(_ what: String) {
        guard failure == nil else { return }
        trace.note("checker", what)
        failure = what
    }

    /// Runs for so long, unless something does not hold.
    func run(for microseconds: UInt64, until isDone: () -> Bool = { false }) {
        timeline.run(until: timeline.now + microseconds) { failure == nil && !isDone() }
    }

    func end() {
        isRunning = false
        for agent in agents { agent.stop() }
        for writer in writers { writer.stop() }
        for node in nodes { node.stop() }
        timeline.clear()
        network.close()
        timeline.clear()
    }
}
