import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import Foundation
import SyncProtocol
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Agreement")
    struct Agreement {
        @Test(
            "G6: after random mutations, cuts and a follower's restart every agent holds the truth")
        func random() async throws {
            let mutations = scale("CATTAIL_TEST_MUTATIONS", 5_000)
            let seed = UInt64(scale("CATTAIL_TEST_SEED", 20_261_123))
            print("agreement: CATTAIL_TEST_MUTATIONS=\(mutations) CATTAIL_TEST_SEED=\(seed)")
            let folder = try TemporaryFolder()
            var story = try await RandomStory(folder, seed: seed)
            let phases = 10
            for phase in 0..<phases {
                try await story.mutate(mutations / phases)
                try await story.cutSome()
                if phase == phases / 2 { try await story.restartFollower(mutations / phases) }
            }
            try await story.finish()
        }
    }
}

/// A cluster under random changes, with agents of all kinds of selections on both of its nodes.
private struct RandomStory {
    private struct Seat {
        let selection: Selection
        let cache: String
        let onFollower: Bool
        var agent: Agent
    }

    private let folder: TemporaryFolder
    private let leader: TestNode
    private var follower: TestNode
    private let client: EndpointClient
    private var seats: [Seat] = []
    private var generator: SplitMix
    private var step = 0
    private var resyncs: [ResyncKind: Int] = [:]

    init(_ folder: TemporaryFolder, seed: UInt64) async throws {
        self.folder = folder
        generator = SplitMix(seed: seed)
        leader = try await TestNode.leader(in: folder.path("leader")) { $0.feeds = .tight }
        follower = try await TestNode.follower(
            in: folder.path("follower"), of: leader.address
        ) { $0.feeds = .tight }
        client = leader.client(actor: "story")
        let selections = [
            Selection.everything,
            Selection(selector: try Selector(parsing: "app == 'a'")),
            Selection(selector: try Selector(parsing: "!has(tier) || app in {'b','c'}")),
            Selection(selector: try Selector(parsing: "tier != 'gold'"), namespace: "ns1"),
            Selection(node: "node2"),
            Selection(namespace: "ns0"),
        ]
        for (index, selection) in selections.enumerated() {
            for onFollower in [false, true] {
                let cache = folder.path("cache-\(index)-\(onFollower)")
                let agent = await Self.agent(
                    selection, cache, onFollower ? [follower, leader] : [leader, follower])
                seats.append(
                    Seat(selection: selection, cache: cache, onFollower: onFollower, agent: agent))
            }
        }
    }

    private static func agent(_ selection: Selection, _ cache: String, _ nodes: [TestNode]) async
        -> Agent
    {
        await Agent.start(
            nodes[0].address, nodes[1].address, selection: selection, cache: .file(cache))
    }

    /// Creates, relabels and deletes; keys come back after they have gone.
    mutating func mutate(_ count: Int) async throws {
        let requests = (0..<count).map { _ in request() }
        try await client.submit(requests) { result in
            guard let error = result.error, error.code != .notFound else { return }
            throw error
        }
    }

    private mutating func request() -> MutationRequest {
        step += 1
        let number = Int.random(in: 0..<800, using: &generator)
        var labels: [String: String] = [:]
        if let app = ["a", "b", "c", nil].randomElement(using: &generator) ?? nil {
            labels["app"] = app
        }
        if let tier = ["gold", "iron", nil].randomElement(using: &generator) ?? nil {
            labels["tier"] = tier
        }
        labels["step"] = "s\(step)"
        let endpoint = Sample.endpoint(
            number, labels: labels, node: number % 4, namespace: "ns\(number % 3)")
        let isDelete = Int.random(in: 0..<4, using: &generator) == 0
        return MutationRequest(isDelete ? .delete : .apply, endpoint)
    }

    /// Some agents end and come back from their caches, some of them at once, some while the
    /// world moves on.
    mutating func cutSome() async throws {
        let chosen = seats.indices.filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
        for index in chosen {
            await seats[index].agent.close()
            await note(seats[index].agent)
        }
        // Few are made up for by deltas, many by net change.
        try await mutate([0, 50, 400].randomElement(using: &generator) ?? 0)
        // A ring keeps its last frame whole, and these 400 may have been one commit: what comes
        // behind them pushes them out.
        try await mutate(5)
        for index in chosen { await reopen(index) }
    }

    private mutating func note(_ agent: Agent) async {
        for kind in await agent.resyncs { resyncs[kind, default: 0] += 1 }
        #expect(await agent.differences == 0)
    }

    private mutating func reopen(_ index: Int) async {
        let seat = seats[index]
        let nodes = seat.onFollower ? [follower, leader] : [leader, follower]
        var holding = SubscriptionConfiguration.Start.nothing
        if let position = await seat.agent.position {
            holding = .holding(await seat.agent.held, position)
        }
        // The cache has the word; what it holds is what the agent begins its own story with.
        let agent = await Agent.start(
            nodes[0].address, nodes[1].address, selection: seat.selection,
            cache: .file(seat.cache), holding: holding)
        seats[index].agent = agent
    }

    /// The follower goes and comes back on its port while writes go on: its agents move.
    mutating func restartFollower(_ count: Int) async throws {
        let port = follower.address.port
        try await follower.stop()
        try await mutate(count)
        follower = try await TestNode.follower(
            in: folder.path("follower"), of: leader.address, port: port
        ) { $0.feeds = .tight }
        try await mutate(count)
    }

    mutating func finish() async throws {
        let truth = try await Truth(of: leader)
        #expect(truth.records.map(\.seq.rawValue) == Array(1...truth.head.rawValue))
        for node in [leader, follower] {
            let status = try await node.status("at its head") { $0.seq == truth.head.rawValue }
            #expect(try status.views.digest == truth.digest().description)
        }
        for seat in seats {
            let digest = try truth.digest(seat.selection)
            try await seat.agent.until("the truth of \(seat.selection)") {
                $0.held.digest == digest
            }
            await note(seat.agent)
            await seat.agent.close()
        }
        print("agreement: seq \(truth.head), resyncs \(resyncs)")
        #expect(resyncs[.reset] == nil)
        #expect(resyncs[.deltas] != nil && resyncs[.netChange] != nil)
        await client.close()
        try await follower.stop()
        try await leader.stop()
    }
}

extension FeedLimits {
    /// So small that every way of catching up is gone.
    fileprivate static var tight: FeedLimits {
        var limits = FeedLimits()
        limits.frameBytes = 8 << 10
        limits.ringBytes = 4 << 10
        limits.deltaEvents = 200
        return limits
    }
}
