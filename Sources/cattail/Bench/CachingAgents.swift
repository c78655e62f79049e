internal import CattailClient
internal import EndpointModel
internal import Synchronization

/// Agents of this process that use the client library: they keep a cache, compare digests and come
/// back by themselves.
final class CachingAgents: AgentGroup {
    /// What each does with what changed.
    enum Reading: Sendable {
        case stamps
        /// All fields.
        case everything
    }

    /// When an agent reads.
    enum Pace: Sendable {
        case asItComes
        /// Not at all once it is in sync, until it is released.
        case stopped
    }

    fileprivate struct State {
        var tally = AgentTally()
        var held: [Seq]
        var digests: [StateDigest?]
        var inSync: Set<Int> = []
        var isReleased = false
        var failure: (any Error)?
    }

    private let reading: Reading
    private let pace: Pace
    private let selections: [Selection]
    private let client: EndpointClient
    private let state: Mutex<State>
    private let tasks = Mutex<[Task<Void, Never>]>([])
    /// Before that nobody asks how late a change is, and no change is looked at for it.
    private let isMeasuring = Atomic(false)

    init(_ selections: [Selection], _ client: EndpointClient, _ reading: Reading, _ pace: Pace) {
        self.selections = selections
        self.client = client
        self.reading = reading
        self.pace = pace
        state = Mutex(
            State(
                held: Array(repeating: .zero, count: selections.count),
                digests: Array(repeating: nil, count: selections.count)))
    }

    func connect() async throws {
        for (agent, selection) in selections.enumerated() {
            let subscription = client.subscribe(SubscriptionConfiguration(selection: selection))
            let task = Task(executorPreference: subscription.executor) {
                await self.follow(subscription, as: agent)
            }
            tasks.withLock { $0.append(task) }
        }
        while true {
            let (count, failure) = state.withLock { ($0.inSync.count, $0.failure) }
            if let failure { throw failure }
            if count == selections.count { return }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private func follow(_ subscription: EndpointSubscription, as agent: Int) async {
        do {
            for try await update in subscription {
                take(update, agent)
                if case .stopped = pace, case .status(.inSync) = update { try await pause() }
            }
        } catch is CancellationError {
            // That is how it is closed.
        } catch {
            state.withLock { $0.failure = error }
        }
        await subscription.close()
    }

    /// Until it is released.
    private func pause() async throws {
        while !state.withLock(\.isReleased) { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func take(_ update: EndpointUpdate, _ agent: Int) {
        switch update {
        case .changes(let changes):
            let now = SentLabel.now
            // Outside of the lock: it is what the agent is there for.
            let stamps =
                isMeasuring.load(ordering: .relaxed) || reading == .everything
                ? changes.changes.compactMap(read) : []
            state.withLock { state in
                state.tally.frames += 1
                state.tally.deliveries += changes.changes.count
                for stamp in stamps { state.tally.latencies.add(nanoseconds: now &- stamp) }
                state.held[agent] = changes.mark.seq
                state.digests[agent] = changes.mark.digest
            }
        case .status(let status): state.withLock { $0.note(status, agent) }
        }
    }

    private func read(_ change: EndpointChange) -> UInt64? {
        guard case .put(let item) = change else { return nil }
        if case .everything = reading { _ = try? item.endpoint() }
        return SentLabel.read(item)
    }

    func begin() async throws {
        state.withLock { $0.tally = AgentTally() }
        isMeasuring.store(true, ordering: .relaxed)
    }
    func tally() async throws -> AgentTally { state.withLock(\.tally) }
    func holding(_ seq: Seq) async throws -> Int {
        state.withLock { state in state.held.count { $0 >= seq } }
    }
    func release() async throws { state.withLock { $0.isReleased = true } }

    func digests() async throws -> Set<String> {
        state.withLock { state in Set(state.digests.compactMap { $0?.description }) }
    }

    func close() async {
        let tasks = tasks.withLock { $0 }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}

extension CachingAgents.State {
    fileprivate mutating func note(_ status: SubscriptionStatus, _ agent: Int) {
        switch status {
        case .resync(let kind, _): tally.resyncs[kind.rawValue, default: 0] += 1
        case .inSync(_, let seq):
            held[agent] = max(held[agent], seq)
            inSync.insert(agent)
        case .disconnected: tally.disconnects += 1
        case .goodbye(let code, _): tally.goodbyes[code, default: 0] += 1
        case .digestDiffers, .unverified: tally.digestFaults += 1
        case .connecting, .stale, .behind, .cacheUnusable: break
        }
    }
}
