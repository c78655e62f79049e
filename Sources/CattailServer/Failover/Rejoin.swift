internal import EndpointModel
internal import LogStore
internal import Logging
internal import ReplicaCore
internal import SyncTransport

/// A node is to go on as a follower of a later leader's history, its own log as far as that has it
/// too (G10).
struct Rejoin: Sendable {
    let upstream: ServerAddress
    /// What was shown: above every epoch of this node's log.
    let epoch: Epoch
    /// The last seq that both have; nil: all of this log.
    let behind: Seq?

    // error-codes
    private static var orphanedCode: String { "tail-orphaned" }

    /// Done between two runs of the node, when nothing else has the log open. The order is what
    /// makes it safe to be interrupted: first the node can lead its old epoch no more, then the tail
    /// is in a file of its own, then it leaves the log.
    func prepare(_ directory: DataDirectory, _ settings: LogSettings, _ logger: Logger) throws {
        _ = try NodeIDFile.keep(in: directory.path)
        let pledges = PledgeFile(directory: directory.path)
        if try pledges.read().epoch < epoch {
            try pledges.write(
                Pledge(epoch: epoch, holder: .candidate(upstream.description)))
        }
        guard let behind else { return }
        let writer = try LogWriter.open(in: directory, settings: settings)
        let head = writer.head.seq
        guard let row = try writer.row(at: head), behind < head else { return try writer.close() }
        let last = try EncodedRecord(validating: row.record).audit().epochNumber
        try writer.stepDown(behind: behind, epochNumber: last)
        try writer.close()
        logger.warning(
            "a tail of the log was kept aside: the leader's history lacks it",
            metadata: [
                "code": "\(Self.orphanedCode)", "first": "\(behind.next)", "last": "\(head)",
                "epoch": "\(last)",
            ])
    }
}
