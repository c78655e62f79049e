package import EndpointModel
package import LogStore
package import Logging
internal import Projection
internal import ReplicaCore

/// A log is to go on as a later leader's history does, from what both have (G10).
package struct StepDown: Sendable {
    /// Where that is followed.
    private let upstream: String
    /// What was shown: above every epoch of this log.
    private let epoch: Epoch
    /// The last seq that both have; nil: all of this log.
    private let behind: Seq?

    package init(upstream: String, epoch: Epoch, behind: Seq?) {
        self.upstream = upstream
        self.epoch = epoch
        self.behind = behind
    }

    // error-codes
    private static var orphanedCode: String { "tail-orphaned" }

    /// Done when nothing else has the log open. The order is what makes it safe to be interrupted:
    /// first the node can lead its old epoch no more, then the views are without the tail while the
    /// log still has it, then the tail is in a file of its own, then it leaves the log.
    package func prepare(
        _ directory: DataDirectory, _ settings: LogSettings, _ logger: Logger
    ) throws {
        let pledges = PledgeFile(directory: directory.path, disk: settings.disk)
        if try pledges.read().epoch < epoch {
            try pledges.write(Pledge(epoch: epoch, holder: .candidate(upstream)))
        }
        guard let behind else { return }
        if let reader = try? LogReader.open(directory: directory.path, settings: settings) {
            ViewStore.takeBack(
                reader, behind: behind, directory: directory.path, logger: logger,
                disk: settings.disk)
        }
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
