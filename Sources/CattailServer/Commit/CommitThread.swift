internal import Logging
internal import NIOPosix
internal import ReplicaLog

/// The one thread that writes the log. It owns the writer's connection and the node's mind
/// (leader or follower); everything else speaks to it through its inbox.
final class CommitThread: Sendable {
    private let inbox = Inbox<CommitWork>()
    private let pool: NIOThreadPool

    /// How long the inbox must be quiet before the log is checkpointed.
    private static let idleSeconds = 0.2

    init() {
        pool = NIOThreadPool(numberOfThreads: 1)
    }

    /// Begins to work. `tell` is called on this thread.
    func start(
        _ committer: Confined<any Committer>, logger: Logger,
        tell: @escaping @Sendable (CommitOutcome) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        pool.start()
        let inbox = inbox
        let pool = pool
        pool.submit { _ in
            Self.run(committer.take(), inbox, logger, tell)
            // The thread ends with its work.
            pool.shutdownGracefully { _ in ended() }
        }
    }

    /// False when the node is going down.
    func submit(_ work: CommitWork) -> Bool { inbox.put(work) }

    /// What was submitted is still done; then the log is closed and the thread ends.
    func close() { inbox.close() }

    private static func run(
        _ committer: any Committer, _ inbox: Inbox<CommitWork>, _ logger: Logger,
        _ tell: (CommitOutcome) -> Void
    ) {
        var committer = committer
        while true {
            switch inbox.takeAll(waitingAtMost: idleSeconds) {
            case .elements(let work): committer.carryOut(work, tell)
            case .nothing: committer.rest(tell)
            case .closed:
                committer.close()
                return
            }
        }
    }
}
