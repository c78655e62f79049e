internal import EndpointModel
internal import Feeds
package import LogStore
package import Logging
package import ReplicaCore

/// A follower's hands: appends what its upstream sent, once its core has found that it continues
/// this log.
package struct FollowerCommitter: Committer {
    private(set) var core: FollowerCore
    let writer: LogWriter
    private let logger: Logger
    private let health: any LogHealth
    /// Written, and nobody knows whether it is in the log; until the log is recovered.
    private var unsettled: FollowerCore.Intake?
    /// Whose portion was not stored last; it is being cut. All of a link's portions come before the
    /// next one's.
    private var brokenLink: UInt64?
    /// Called when what a link brought cannot be taken: that link is to be cut.
    private let refused: @Sendable (IntakeFault, _ link: UInt64) -> Void

    package init(
        core: FollowerCore, writer: LogWriter, logger: Logger, health: any LogHealth,
        refused: @escaping @Sendable (IntakeFault, _ link: UInt64) -> Void
    ) {
        self.core = core
        self.writer = writer
        self.logger = logger
        self.health = health
        self.refused = refused
    }

    package mutating func carryOut(_ work: [CommitWork], _ tell: (CommitOutcome) -> Void) {
        for case .replicate(let portion) in work where portion.link != brokenLink {
            if let outcome = store(portion) { tell(outcome) } else { brokenLink = portion.link }
        }
        checkpoint(.busy)
    }

    var isReady: Bool { writer.isReady }
    mutating func promised(_ pledge: Pledge) { core.promised(pledge) }

    package mutating func rest(_ tell: (CommitOutcome) -> Void) {
        if writer.isReady {
            checkpoint(.idle)
        } else if let batch = recover() {
            tell(CommitOutcome(batch: batch, replies: []))
        }
    }

    /// After a failed write. What was in flight is in the log whole or not at all; when it is,
    /// it is taken up like any other.
    private mutating func recover() -> CommittedBatch? {
        do {
            try writer.recover()
        } catch {
            logger.error("log not recovered", error)
            return nil
        }
        health.noteWritable()
        guard let intake = unsettled else { return nil }
        unsettled = nil
        guard writer.head.seq == intake.head.seq, writer.head.chain == intake.head.chain else {
            return nil
        }
        core.committed(intake)
        return CommittedBatch(
            records: intake.records, changes: intake.changes, position: core.head)
    }

    package mutating func close() {
        do { try writer.close() } catch { logger.error("log not closed cleanly", error) }
    }

    /// Nil when the records were not stored; upstream will send them again.
    private mutating func store(_ portion: Replicated) -> CommitOutcome? {
        do {
            let intake = try core.check(portion.records, from: portion.epoch)
            if let mark = portion.mark { try core.checkMark(mark, behind: intake) }
            guard !intake.records.isEmpty else { return CommitOutcome(batch: nil, replies: []) }
            try append(intake)
            core.committed(intake)
            health.noteWritable()
            let batch = CommittedBatch(
                records: intake.records, changes: intake.changes, position: core.head)
            return CommitOutcome(batch: batch, replies: [])
        } catch let fault as IntakeFault {
            logger.error("upstream's event refused", metadata: ["fault": "\(fault)"])
            refused(fault, portion.link)
        } catch {
            logger.error("append failed", metadata: ["error": "\(error)"])
            health.noteReadOnly("\(error)")
            let fault = IntakeFault(
                seq: core.head.seq.next, code: .notStored, reason: "\(error)")
            refused(fault, portion.link)
        }
        return nil
    }

    private mutating func append(_ intake: FollowerCore.Intake) throws(LogError) {
        do {
            try writer.append(intake.entries)
        } catch {
            if case .outcomeUnknown = error { unsettled = intake }
            throw error
        }
    }

    private func checkpoint(_ occasion: LogWriter.Occasion) {
        guard writer.isReady else { return }
        do { _ = try writer.checkpointIfDue(occasion) } catch {
            logger.error("checkpoint failed", error)
        }
    }
}

extension FollowerCore.Intake {
    var entries: [LogEntry] {
        records.indices.map { index in
            let audit = audits[index]
            let request =
                audit.requestID.isEmpty
                ? nil : RequestKey(actor: audit.actor, requestID: audit.requestID)
            return LogEntry(records[index], chain: chains[index], request: request)
        }
    }
}
