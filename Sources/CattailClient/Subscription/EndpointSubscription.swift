public import EndpointModel
public import EndpointState
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SyncProtocol

/// A selection of the cluster's endpoints, kept current: iterate over it to be told what is
/// there and every real change of it.
///
/// Reconnects, failover to another server, resumes and resets happen underneath and show as
/// status events only: a change is told once (G6, G7, G8). A subscriber that does not keep up
/// makes the server keep what it has not read; nothing grows here.
///
/// Asking for the next update says that the one before is done with. Only then does the cache
/// file move on, so after a crash the last update may come again but none is left out.
///
/// One task iterates. Iteration ends when the subscription is closed or the task cancelled, and
/// throws ``ClientError`` for what no further attempt can mend, such as a selector that does not
/// parse.
public final class EndpointSubscription: AsyncSequence, Sendable {
    /// What iteration gives.
    public typealias Element = EndpointUpdate

    private let freshness: NIOLockedValueBox<Freshness>
    private let cache: NIOLockedValueBox<Cache>
    private let running: RunningSubscription<HeldState>

    private struct Cache: Sendable {
        var store: CacheStore?
        /// Delivered, and not yet known to be done with.
        var unsettled: EndpointChanges?
        var problem: String?
        /// Nothing is delivered any more: the file would lack it.
        var isClosed = false

        /// What was delivered last is done with: it goes into the file. A file that cannot be
        /// written is told once and then left alone.
        mutating func settle() {
            guard let delivered = unsettled else { return }
            unsettled = nil
            do throws(ClientError) {
                try store?.append(delivered)
            } catch {
                store = nil
                problem = error.message
            }
        }
    }

    /// Begins at once, with what the cache file holds. A file that cannot be used shows as
    /// ``SubscriptionStatus/cacheUnusable(_:)``, not here.
    public init(
        configuration: ClientConfiguration,
        subscription: SubscriptionConfiguration = SubscriptionConfiguration()
    ) {
        let opened = Self.open(subscription)
        let freshness = NIOLockedValueBox(Freshness(held: opened.held))
        self.freshness = freshness
        cache = NIOLockedValueBox(
            Cache(store: opened.store, unsettled: nil, problem: opened.problem))
        let selection = subscription.selection.wire
        // Some tens of megabytes of items.
        running = RunningSubscription(
            configuration: configuration, held: opened.held, weightLimit: 64 << 10,
            weigh: { update in
                switch update {
                case .status: 0
                case .changes(let changes): changes.changes.count
                }
            },
            observer: .init(
                told: { update in freshness.withLockedValue { $0.note(update, at: .wallClock()) } },
                heard: { head, now in freshness.withLockedValue { $0.heard(head: head, at: now) } }
            ),
            hello: { held in
                ClientHello(
                    role: .state, client: configuration.program, actor: configuration.actor,
                    selection: selection, resume: held.token, cursor: held.cursor,
                    capabilities: .patches)
            })
    }

    /// Ends the iteration and the connection. Whatever was delivered counts as done with, and is
    /// in the cache file when this returns; nothing is delivered afterwards, also of what has
    /// arrived. So what was told and what the file holds are the same.
    public func close() async {
        cache.withLockedValue { cache in
            // There is nobody left to be told of a file that cannot be written.
            cache.settle()
            cache.store = nil
            cache.isClosed = true
        }
        await running.close()
    }

    /// One task iterates, once.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Where updates arrive. A task that prefers this executor is given them without a change of
    /// threads, which is most of what a small update costs otherwise:
    /// `Task(executorPreference: subscription.executor) { … }`. Connections share it, so such a
    /// task must neither block nor compute for long.
    public var executor: any TaskExecutor { running.executor }

    /// The reader's end of the subscription.
    public struct Iterator: AsyncIteratorProtocol {
        let subscription: EndpointSubscription

        /// The next update; nil when the subscription was closed or the task cancelled. Says that
        /// the one before is done with.
        ///
        /// - Throws: ``ClientError`` for what no further attempt can mend.
        public mutating func next() async throws -> EndpointUpdate? {
            try await subscription.next()
        }
    }

    // MARK: Freshness

    /// The state at the last mark that arrived, which iteration may not have given yet: a pinned
    /// version, which costs little to keep.
    public func snapshot() -> EndpointSet { running.held.state }

    /// Where that is; nil before the first mark.
    public var position: Position? { freshness.withLockedValue(\.position) }

    /// How long nothing has been heard from a server; nil when nothing ever was.
    public var age: Duration? {
        freshness.withLockedValue(\.lastHeard).map { .since($0, now: running.eventLoop.now) }
    }

    /// How many events the last server heard of is ahead of what is held; nil when nothing was
    /// ever heard.
    public var lag: UInt64? {
        freshness.withLockedValue { freshness in
            guard freshness.lastHeard != nil else { return nil }
            let held = freshness.position?.seq.rawValue ?? 0
            return freshness.head.rawValue > held ? freshness.head.rawValue - held : 0
        }
    }

    /// When a digest of the server's last proved what is held, by this machine's clock; nil when
    /// none did yet.
    public var verifiedAt: Timestamp? { freshness.withLockedValue(\.verifiedAt) }

    /// For tests: see `HeldState.damageForTest`.
    package func damageForTest(_ key: EndpointKey) async throws -> Bool {
        try await running.damageForTest(key)
    }

    // MARK: Inside

    private func next() async throws -> EndpointUpdate? {
        if let problem = settle() { return .status(.cacheUnusable(problem)) }
        return try await running.next().flatMap(deliver)
    }

    /// Nil when it was closed meanwhile.
    private func deliver(_ update: EndpointUpdate) -> EndpointUpdate? {
        cache.withLockedValue { cache in
            if cache.isClosed { return nil }
            if case .changes(let changes) = update, cache.store != nil {
                cache.unsettled = changes
            }
            return update
        }
    }

    /// Why the cache file is of no use any more, once.
    private func settle() -> String? {
        cache.withLockedValue { cache in
            cache.settle()
            defer { cache.problem = nil }
            return cache.isClosed ? nil : cache.problem
        }
    }

    private struct Opened {
        var store: CacheStore?
        var held: HeldState
        var problem: String?
    }

    private static func open(_ subscription: SubscriptionConfiguration) -> Opened {
        let fingerprint = subscription.selection.fingerprint
        let start =
            switch subscription.start {
            case .nothing: HeldState(fingerprint: fingerprint)
            case .holding(let state, let position):
                HeldState(fingerprint: fingerprint, state: state, position: position)
            }
        guard case .file(let path) = subscription.cache else {
            return Opened(store: nil, held: start)
        }
        do {
            let opened = try CacheStore.open(path, fingerprint: fingerprint)
            return Opened(
                store: opened.store, held: opened.held ?? start, problem: opened.problem)
        } catch {
            return Opened(store: nil, held: start, problem: error.message)
        }
    }
}

extension Duration {
    fileprivate static func since(_ moment: NIODeadline, now: NIODeadline) -> Duration {
        .nanoseconds(max(0, (now - moment).nanoseconds))
    }
}
