internal import EndpointModel
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SyncProtocol

/// What the subscriptions to endpoints and to the log share: a runner on its event loop, and the
/// buffer between it and the one task that iterates. It runs until it is closed or nobody holds
/// it any more.
final class RunningSubscription<Subject: SubscribedSubject>: Sendable {
    let eventLoop: any EventLoop
    let executor: EventLoopTaskExecutor
    private let buffer: BoundedBuffer<Subject.Update>
    private let machine: SubscriptionRunner<Subject>.Machine
    private let runner: NIOLoopBoundBox<SubscriptionRunner<Subject>>

    /// Begins at once.
    ///
    /// - Parameters:
    ///   - weightLimit: What may wait for the iterating task, as `weigh` weighs it, beside the one
    ///     batch that is the largest.
    ///   - hello: What to say with this held.
    init(
        configuration: ClientConfiguration, held: Subject, weightLimit: Int,
        weigh: @escaping @Sendable (Subject.Update) -> Int,
        observer: SubscriptionRunner<Subject>.Observer = .init(),
        hello: @escaping @Sendable (Subject) -> ClientHello
    ) {
        let eventLoop = configuration.eventLoopGroup.next()
        self.eventLoop = eventLoop
        executor = EventLoopTaskExecutor(eventLoop)
        buffer = BoundedBuffer(countLimit: 64, weightLimit: weightLimit, weigh: weigh)
        let rota = ServerRota(
            servers: configuration.servers, pauses: configuration.pauses,
            seed: .random(in: .min ... .max))
        machine = NIOLockedValueBox(SubscriberStateMachine(held: held, rota: rota))
        let runner = SubscriptionRunner(
            configuration: configuration, machine: machine, buffer: buffer, eventLoop: eventLoop,
            observer: observer, hello: hello)
        self.runner = .makeBoxSendingValue(runner, eventLoop: eventLoop)
        let box = self.runner
        eventLoop.execute { box.value.start() }
    }

    deinit {
        let runner = runner
        eventLoop.execute { runner.value.stop() }
    }

    /// What is held now, of which iteration may not have told yet.
    var held: Subject { machine.withLockedValue(\.held) }

    /// Ends the iteration and the connection.
    func close() async {
        let runner = runner
        // An event loop that is gone has closed everything already.
        try? await eventLoop.submit { runner.value.stop() }.get()
    }

    /// The next update; nil when the subscription was closed.
    func next() async throws -> Subject.Update? {
        let runner = runner
        return try await buffer.next {
            eventLoop.execute { runner.value.relieved() }
        }
    }
}

extension RunningSubscription<HeldState> {
    /// For tests: see `HeldState.damageForTest`.
    func damageForTest(_ key: EndpointKey) async throws -> Bool {
        let runner = runner
        return try await eventLoop.submit { runner.value.damageForTest(key) }.get()
    }
}
