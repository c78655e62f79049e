internal import EndpointModel
internal import LogStore
internal import Logging
internal import ReplicaLog
internal import SyncTransport

/// A node is to go on as a follower of a later leader's history, its own log as far as that has it
/// too (G10).
struct Rejoin: Sendable {
    /// Whom to follow: the leader, as far as it was named, and who showed its epoch. Not empty.
    let upstreams: [ServerAddress]
    /// What was shown: above every epoch of this node's log.
    let epoch: Epoch
    /// The last seq that both have; nil: all of this log.
    let behind: Seq?

    /// Done between two runs of the node, when nothing else has the log open.
    func prepare(_ directory: DataDirectory, _ settings: LogSettings, _ logger: Logger) throws {
        _ = try NodeIDFile.keep(in: directory.path)
        try StepDown(upstream: upstreams[0].description, epoch: epoch, behind: behind)
            .prepare(directory, settings, logger)
    }
}
