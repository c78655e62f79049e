public import EndpointModel
internal import SyncProtocol

/// The log itself, followed: iterate over it to be given every event behind a position, in order
/// and each once, and then each new one as it is committed.
///
/// Reconnects and failover happen underneath, go on for ever and show as status updates only.
/// Events are given when their mark has come and the chain of hashes from the position on is the
/// server's (G3): what is given is proven to be the one history. A reader that does not keep up
/// makes the server keep what it has not read; nothing grows here.
///
/// Of the events nothing is judged but that: one of a type that this version does not know is given
/// like any other. Whoever folds them into a state must stop at a control event that is
/// `unknown` and critical.
///
/// One task iterates. Iteration ends when the subscription is closed or the task cancelled, and
/// throws ``ClientError`` for what no further attempt can mend: `log-other` or `history-other` when
/// the position is of another log or history than the server's.
public final class LogSubscription: AsyncSequence, Sendable {
    /// What iteration gives.
    public typealias Element = LogUpdate

    private let running: RunningSubscription<HeldLog>

    /// Begins at once.
    ///
    /// - Parameters:
    ///   - configuration: Where the servers are.
    ///   - position: What is behind it is given; nil: everything from the first event on.
    public init(configuration: ClientConfiguration, after position: Position? = nil) {
        // Some megabytes of records.
        running = RunningSubscription(
            configuration: configuration, held: HeldLog(position: position),
            weightLimit: 8 << 20,
            weigh: { update in
                switch update {
                case .status: 0
                case .events(let events): events.entries.reduce(0) { $0 + $1.record.byteCount }
                }
            },
            hello: { held in
                ClientHello(
                    role: .log, client: configuration.program, actor: configuration.actor,
                    resume: held.token)
            })
    }

    /// Ends the connection. Iteration gives what has arrived already, then ends.
    public func close() async { await running.close() }

    /// One task iterates, once.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// The reader's end of the subscription.
    public struct Iterator: AsyncIteratorProtocol {
        let subscription: LogSubscription

        /// The next update; nil when the subscription was closed or the task cancelled.
        ///
        /// - Throws: ``ClientError`` for what no further attempt can mend.
        public mutating func next() async throws -> LogUpdate? {
            try await subscription.running.next()
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
