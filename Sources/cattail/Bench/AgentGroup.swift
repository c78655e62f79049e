internal import CattailClient
internal import EndpointModel

/// Agents that were made together, wherever they run.
protocol AgentGroup: Sendable {
    /// Returns when all are in sync.
    func connect() async throws
    /// What is received from now on counts.
    func begin() async throws
    /// What was received since then.
    func tally() async throws -> AgentTally
    /// How many hold the event with this seq, or are past it.
    func holding(_ seq: Seq) async throws -> Int
    /// The different digests that they hold, of agents with caches.
    func digests() async throws -> Set<String>
    /// Those that were held back go on.
    func release() async throws
    func close() async
}

extension AgentGroup {
    /// Waits until all of `count` agents hold the seq, or for so long.
    func hold(_ seq: Seq, all count: Int, within patience: Duration) async throws -> Int {
        let deadline = ContinuousClock.now + patience
        while true {
            let holding = try await holding(seq)
            if holding >= count || ContinuousClock.now > deadline { return holding }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// Several groups as one.
struct JointAgents: AgentGroup {
    let groups: [any AgentGroup]

    func connect() async throws { try await each { try await $0.connect() } }
    func begin() async throws { try await each { try await $0.begin() } }
    func release() async throws { try await each { try await $0.release() } }

    func tally() async throws -> AgentTally {
        var sum = AgentTally()
        for group in groups { sum.add(try await group.tally()) }
        return sum
    }

    func holding(_ seq: Seq) async throws -> Int {
        var sum = 0
        for group in groups { sum += try await group.holding(seq) }
        return sum
    }

    func digests() async throws -> Set<String> {
        var all: Set<String> = []
        for group in groups { all.formUnion(try await group.digests()) }
        return all
    }

    func close() async { for group in groups { await group.close() } }

    private func each(_ body: @escaping @Sendable (any AgentGroup) async throws -> Void)
        async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await body(group) } }
            try await tasks.waitForAll()
        }
    }
}
