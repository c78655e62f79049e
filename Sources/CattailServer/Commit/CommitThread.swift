internal import EndpointModel
internal import Feeds
internal import LogStore
internal import Logging
internal import NIOPosix
internal import ReplicaCore
internal import SyncProtocol

/// What the commit thread tells the rest of the node, in the order of commits: first what is
/// durable, then the answers that depend on it.
struct CommitOutcome: Sendable {
    let batch: CommittedBatch?
    let replies: [Reply]
    /// What was carried out. Nobody reads it: it ends where it began, on the serving loop's thread,
    /// whose memory it is, and not on the one that commits.
    var mutations: [AdmittedMutation] = []
    /// This node leads from here on, in this epoch.
    var begun: Epoch?

    struct Reply: Sendable {
        let connection: ConnectionID
        let answers: [Answer]
    }
}

/// Work for the commit thread.
enum CommitWork: Sendable {
    case mutate(ConnectionID, [AdmittedMutation])
    /// Records from upstream, checked to be canonical, and the position that they lead to.
    /// - from: The epoch in which the upstream's log ends, as it said.
    case replicate([EncodedRecord], mark: Position?, from: Epoch)
    case control(ControlWork)
}

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

/// A leader's or a follower's hands: what its core decides, done to the log.
protocol Committer {
    /// Does the work as one or more transactions, and tells of each.
    mutating func carryOut(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void)
    /// Nothing to do: checkpoints, and tries to recover after a failed write. When what was
    /// in flight then turns out to be in the log, that is told.
    mutating func rest(_ tell: (CommitOutcome) -> Void)
    mutating func close()
}
