import CattailClient
import EndpointModel
import EndpointState
import SyncTransport

/// A subscriber of the client library that keeps what it was told: the state it holds is made
/// from the changes alone, so that they are judged too.
actor Agent {
    nonisolated let subscription: EndpointSubscription
    private(set) var statuses: [SubscriptionStatus] = []
    private(set) var changes: [EndpointChange] = []
    private(set) var mark: SubscriptionMark?
    private(set) var held = EndpointSet()
    /// Where `held` is: as far as it was told, not as far as something has arrived.
    private(set) var position: Position?
    private(set) var failure: (any Error)?
    private var iteration: Task<Void, Never>?
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0

    private struct Waiter {
        let condition: @Sendable (isolated Agent) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    init(
        _ servers: [ServerAddress], _ subscription: SubscriptionConfiguration = .init(),
        tls: TLSFiles? = nil
    ) {
        var configuration = ClientConfiguration(servers: servers, actor: "agent")
        configuration.tls = tls
        configuration.pauses = .milliseconds(5)...(.milliseconds(50))
        self.subscription = EndpointSubscription(
            configuration: configuration, subscription: subscription)
    }

    static func start(
        _ servers: ServerAddress..., selection: Selection = .everything,
        cache: SubscriptionConfiguration.Cache = .memory,
        holding start: SubscriptionConfiguration.Start = .nothing
    ) async -> Agent {
        let agent = Agent(servers, .init(selection: selection, cache: cache, start: start))
        await agent.begin(start)
        return agent
    }

    static func start(tls: TLSFiles, _ server: ServerAddress) async -> Agent {
        let agent = Agent([server], tls: tls)
        await agent.begin(.nothing)
        return agent
    }

    private func begin(_ start: SubscriptionConfiguration.Start) {
        if case .holding(let state, let start) = start { (held, position) = (state, start) }
        iteration = Task(executorPreference: OwnExecutor.shared) { await self.iterate() }
    }

    private func iterate() async {
        do {
            for try await update in subscription { take(update) }
        } catch { failure = error }
        wake()
    }

    private func take(_ update: EndpointUpdate) {
        switch update {
        case .status(let status): statuses.append(status)
        case .changes(let batch):
            for change in batch.changes {
                switch change {
                case .put(let item): held.put(item)
                case .removal(let key, _): held.remove(key)
                }
            }
            changes += batch.changes
            mark = batch.mark
            position = batch.mark.position
        }
        wake()
    }

    private func wake() {
        for (id, waiter) in waiters where waiter.condition(self) {
            waiters[id] = nil
            waiter.continuation.resume(returning: true)
        }
    }

    /// Waits until it holds; fails after `seconds`.
    func until(
        _ what: String, seconds: Double = 30,
        _ condition: @escaping @Sendable (isolated Agent) -> Bool
    ) async throws {
        if condition(self) { return }
        let id = nextWaiter
        nextWaiter += 1
        let deadline = Task(executorPreference: OwnExecutor.shared) {
            await CattailServerTests.deadline(in: seconds)
            if !Task.isCancelled { await self.expire(id) }
        }
        defer { deadline.cancel() }
        let came = await withCheckedContinuation { continuation in
            waiters[id] = Waiter(condition: condition, continuation: continuation)
        }
        guard came else {
            throw Overdue(
                description: "not within \(seconds) s: \(what); \(statuses.suffix(6)), "
                    + "mark \(mark?.seq ?? .zero), \(held.count) held")
        }
    }

    private func expire(_ id: Int) {
        waiters.removeValue(forKey: id)?.continuation.resume(returning: false)
    }

    // MARK: Common conditions

    func untilInSync(_ count: Int = 1) async throws {
        try await until("in sync \(count) times") { agent in agent.inSyncs.count >= count }
    }

    func until(seq: Seq) async throws {
        try await until("mark at seq \(seq)") { agent in (agent.mark?.seq ?? .zero) >= seq }
    }

    var inSyncs: [ResyncKind] {
        statuses.compactMap { if case .inSync(let kind, _) = $0 { kind } else { nil } }
    }

    var resyncs: [ResyncKind] {
        statuses.compactMap { if case .resync(let kind, _) = $0 { kind } else { nil } }
    }

    var differences: Int {
        statuses.filter { if case .digestDiffers = $0 { true } else { false } }.count
    }

    var removals: [EndpointKey] {
        changes.compactMap { if case .removal(let key, _) = $0 { key } else { nil } }
    }

    /// What it was told is taken when this returns.
    func close() async {
        await subscription.close()
        await iteration?.value
    }
}
