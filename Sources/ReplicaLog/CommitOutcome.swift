package import EndpointModel
package import Feeds
package import ReplicaCore
package import SyncProtocol

/// What the commit thread tells the rest of the node, in the order of commits: first what is
/// durable, then the answers that depend on it.
package struct CommitOutcome: Sendable {
    package let batch: CommittedBatch?
    package let replies: [Reply]
    /// What was carried out. Nobody reads it: it ends where it began, on the serving loop's thread,
    /// whose memory it is, and not on the one that commits.
    package var mutations: [AdmittedMutation]
    /// This node leads from here on, in this epoch.
    package var begun: Epoch?

    package struct Reply: Sendable {
        package let connection: SubscriberID
        package let answers: [Answer]

        package init(connection: SubscriberID, answers: [Answer]) {
            self.connection = connection
            self.answers = answers
        }
    }

    init(
        batch: CommittedBatch?, replies: [Reply], mutations: [AdmittedMutation] = [],
        begun: Epoch? = nil
    ) {
        self.batch = batch
        self.replies = replies
        self.mutations = mutations
        self.begun = begun
    }
}

/// Work for the commit thread.
package enum CommitWork: Sendable {
    case mutate(SubscriberID, [AdmittedMutation])
    case replicate(Replicated)
    case control(ControlWork)
}

/// Records from upstream, checked to be canonical, and the position that they lead to.
package struct Replicated: Sendable {
    let records: [EncodedRecord]
    let mark: Position?
    /// In which the upstream's log ends, as it said.
    let epoch: Epoch
    /// Grows with each connection to an upstream. What a connection brought behind a portion that
    /// was not stored cannot be either: it is on its way already, and is passed over.
    let link: UInt64

    package init(_ records: [EncodedRecord], mark: Position?, from epoch: Epoch, link: UInt64) {
        self.records = records
        self.mark = mark
        self.epoch = epoch
        self.link = link
    }
}

/// A leader's or a follower's hands: what its core decides, done to the log.
package protocol Committer {
    /// Does the work as one or more transactions, and tells of each.
    mutating func carryOut(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void)
    /// Nothing to do: checkpoints, and tries to recover after a failed write. When what was
    /// in flight then turns out to be in the log, that is told.
    mutating func rest(_ tell: (CommitOutcome) -> Void)
    mutating func close()
}
