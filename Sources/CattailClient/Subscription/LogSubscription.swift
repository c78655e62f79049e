public import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// The log itself, followed: iterate over it to be given every event behind a position, in order
/// and each once, and then each new one as it is committed.
///
/// Reconnects and failover happen underneath, go on for ever and show as status updates only.
/// Events are given when their mark has come and the chain of hashes from the position on is the
/// server's (G3): what is given is proven to be the one history. A reader that does not keep up
/// makes the server keep what it has not read; nothing grows here.
///
/// One task iterates. Iteration ends when the subscription is closed or the task cancelled, and
/// throws ``ClientError`` for what no further attempt can mend: `log-other` or `history-other` when
/// the position is of another log or history than the server's.
public final class LogSubscription: AsyncSequence, Sendable {
    /// What iteration gives.
    public typealias Element = LogUpdate

    /// Weighed in bytes of records: some megabytes, beside the one batch that is the largest.
    private let buffer = BoundedBuffer<LogUpdate>(countLimit: 64, weightLimit: 8 << 20) {
        switch $0 {
        case .status: 0
        case .events(let events): events.entries.reduce(0) { $0 + $1.record.byteCount }
        }
    }
    private let runner: NIOLoopBoundBox<SubscriptionRunner<HeldLog>>
    private let eventLoop: any EventLoop

    /// Begins at once.
    ///
    /// - Parameters:
    ///   - configuration: Where the servers are.
    ///   - position: What is behind it is given; nil: everything from the first event on.
    public init(configuration: ClientConfiguration, after position: Position? = nil) {
        let eventLoop = configuration.eventLoopGroup.next()
        self.eventLoop = eventLoop
        let runner = SubscriptionRunner(
            configuration: configuration, held: HeldLog(position: position), buffer: buffer,
            eventLoop: eventLoop, seed: .random(in: .min ... .max),
            hello: { held in
                ClientHello(
                    role: .log, client: configuration.program, actor: configuration.actor,
                    resume: held.token)
            })
        self.runner = .makeBoxSendingValue(runner, eventLoop: eventLoop)
        let box = self.runner
        eventLoop.execute { box.value.start() }
    }

    deinit {
        let runner = runner
        eventLoop.execute { runner.value.stop() }
    }

    /// Ends the connection. Iteration gives what has arrived already, then ends.
    public func close() async {
        let runner = runner
        // An event loop that is gone has closed everything already.
        try? await eventLoop.submit { runner.value.stop() }.get()
    }

    /// One task iterates, once.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// The reader's end of the subscription.
    public struct Iterator: AsyncIteratorProtocol {
        let subscription: LogSubscription

        /// The next update; nil when the subscription was closed or the task cancelled.
        ///
        /// - Throws: ``ClientError`` for what no further attempt can mend.
        public mutating func next() async throws -> LogUpdate? { try await subscription.next() }
    }

    private func next() async throws -> LogUpdate? {
        let runner = runner
        return try await buffer.next {
            eventLoop.execute { runner.value.relieved() }
        }
    }
}

/// What a follower of the log is told, in order.
public enum LogUpdate: Sendable {
    /// How the subscription stands.
    case status(SubscriptionStatus)
    /// What came, up to one mark.
    case events(LogEvents)
}

/// The events up to one mark, which may be none.
public struct LogEvents: Sendable {
    /// Ascending, without gap or repeat.
    public var entries: [LogEntry]
    /// Behind the last of them: where another subscription goes on.
    public var position: Position

    /// As a subscription makes them; for a test's double of one.
    public init(entries: [LogEntry], position: Position) {
        self.entries = entries
        self.position = position
    }
}
