internal import CattailClient
internal import EndpointModel
internal import NIOCore
internal import NIOPosix
internal import SyncProtocol
internal import SyncTransport

/// The agents of a bench, in sync when they are made.
struct BenchAgents {
    private enum Kind {
        case caches([EndpointSubscription])
        case counters([Counter])
    }

    struct Outcome {
        var deliveries = 0
        var times = Percentiles()
        /// What all agents received, where they count it.
        var bytes: Int?

        var bytesPerDelivery: Double? {
            bytes.flatMap { deliveries > 0 ? Double($0) / Double(deliveries) : nil }
        }
    }

    private let kind: Kind
    var connectSeconds = 0.0

    // MARK: Making

    /// They come one after the other.
    static func caches(_ selections: [Selection], _ client: EndpointClient) async throws
        -> BenchAgents
    {
        var connected: [EndpointSubscription] = []
        for selection in selections {
            let subscription = client.subscribe(SubscriptionConfiguration(selection: selection))
            connected.append(subscription)
        }
        for subscription in connected {
            for try await update in subscription {
                if case .status(.inSync) = update { break }
            }
        }
        return BenchAgents(kind: .caches(connected))
    }

    /// They come all at once.
    static func counters(_ selections: [Selection], _ configuration: ClientConfiguration)
        async throws -> BenchAgents
    {
        guard let server = configuration.servers.first else {
            return BenchAgents(kind: .counters([]))
        }
        let group = MultiThreadedEventLoopGroup.singleton
        var counters: [Counter] = []
        for selection in selections {
            counters.append(
                try await Counter.connect(
                    to: server.host, Int(server.port), selection, configuration, on: group.next()))
        }
        for counter in counters { try await counter.inSync.get() }
        return BenchAgents(kind: .counters(counters))
    }

    /// One that only counts, on its event loop.
    struct Counter: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<ByteCounter>
        let inSync: EventLoopFuture<Void>

        static func connect(
            to host: String, _ port: Int, _ selection: Selection,
            _ configuration: ClientConfiguration, on loop: any EventLoop
        ) async throws -> Counter {
            let hello = ClientHello(
                role: .state, client: configuration.program, actor: configuration.actor,
                selection: SelectionRequest(node: selection.node), capabilities: .patches)
            let inSync = loop.makePromise(of: Void.self)
            let handler = try await loop.submit {
                NIOLoopBound(ByteCounter(hello, inSync: inSync), eventLoop: loop)
            }.get()
            let channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(handler.value)
                    }
                }
                .connect(host: host, port: port).get()
            return Counter(channel: channel, handler: handler, inSync: inSync.futureResult)
        }

        func ask<Answer: Sendable>(
            _ question: @escaping @Sendable (ByteCounter) -> Answer
        ) async throws -> Answer {
            let handler = handler
            return try await channel.eventLoop.submit { question(handler.value) }.get()
        }
    }

    // MARK: Measuring

    /// Until each agent has the last of `count` mutations.
    ///
    /// - Parameter written: Returns when all are answered.
    func receive(
        _ count: Int, _ clock: SentLabel.Clock, written: @Sendable () async throws -> Seq
    ) async throws -> Outcome {
        switch kind {
        case .caches(let agents):
            let times = try await withThrowingTaskGroup(of: Percentiles.self) { group in
                for agent in agents {
                    group.addTask { try await Self.receive(count, by: agent, clock) }
                }
                var all = Percentiles()
                for try await times in group { all.add(contentsOf: times) }
                return all
            }
            _ = try await written()
            return Outcome(deliveries: times.nanoseconds.count, times: times)
        case .counters(let counters): return try await Self.receive(count, counters, written)
        }
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

    private static func receive(
        _ count: Int, _ counters: [Counter], _ written: @Sendable () async throws -> Seq
    ) async throws -> Outcome {
        var before = 0
        for counter in counters { before += try await counter.ask { $0.receivedBytes } }
        let last = try await written()
        var after = 0
        for counter in counters {
            while try await counter.ask({ $0.heldSeq ?? 0 }) < last.rawValue {
                try await Task.sleep(for: .milliseconds(1))
            }
            after += try await counter.ask { $0.receivedBytes }
        }
        return Outcome(deliveries: count * counters.count, bytes: after - before)
    }

    func close() async {
        switch kind {
        case .caches(let agents): for agent in agents { await agent.close() }
        case .counters(let counters):
            for counter in counters { try? await counter.channel.close() }
        }
    }
}
