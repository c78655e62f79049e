package import EndpointModel
internal import EndpointState
package import LogStore
internal import Projection

/// Makes a node's log out of a backup (G1, G3, G7): proves every event of it, and begins an epoch of
/// its own above all that it has seen. What the old leader wrote behind the backup is another
/// history from then on, and whoever holds a position there is told so: seq and chain may have been
/// given before, an epoch's random leader ID has not.
package struct Restoration {
    /// What it came to.
    package struct Outcome: Hashable, Sendable {
        package var logID: LogID
        /// The backup's last event.
        package var backup: LogHead
        /// The log's, one behind it.
        package var head: LogHead
        package var epoch: Epoch
        package var endpointCount: Int?
    }

    /// What the new epoch is made of.
    package struct Beginning {
        /// Greater than the number of every epoch that is known to have been begun elsewhere.
        package var epochAbove: UInt64
        package var leaderID: UInt64
        package var now: Timestamp

        package init(epochAbove: UInt64, leaderID: UInt64, now: Timestamp) {
            self.epochAbove = epochAbove
            self.leaderID = leaderID
            self.now = now
        }
    }

    private let restore: LogRestore

    package init(_ restore: LogRestore) { self.restore = restore }

    /// - Throws: `LogError.damaged` with the first event that is missing or wrong. Nothing has come
    ///   into the directory then.
    package func run(
        _ beginning: Beginning, progress: (Seq, Seq) -> Void
    ) throws -> Outcome {
        do {
            let outcome = try rebuild(beginning, progress)
            try restore.finish()
            return outcome
        } catch {
            // What is wrong with the backup is what is to be told.
            try? restore.abandon()
            throw error
        }
    }

    private func rebuild(
        _ beginning: Beginning, _ progress: (Seq, Seq) -> Void
    ) throws -> Outcome {
        let events = NotedEvents(restore, try restore.openReader())
        var verification = try Verification(events)
        if case .faulty(let fault) = try verification.run(progress: progress) {
            throw LogError.damaged(
                path: events.path, firstBad: fault.seq, reason: fault.reason)
        }
        let report = verification.report
        if let unknown = report.unknownEvent { throw unknown }
        let writer = try restore.openWriter(events.logID, at: report.head)
        let seen = verification.epochInForce?.number ?? 0
        let (number, isBeyond) = max(seen, beginning.epochAbove).addingReportingOverflow(1)
        guard !isBeyond else { throw WireError.inconsistent("no epoch is left above \(seen)") }
        let epoch = Epoch(number: number, leaderID: beginning.leaderID)
        let record = EncodedRecord(
            item: try .control(seq: report.head.seq.next, .epoch(epoch)),
            audit: AuditPart(
                epochNumber: epoch.number, time: max(events.lastTime, beginning.now),
                wallTime: beginning.now))
        let chain = report.head.chain.followed(by: record.hash)
        let head = try writer.append([LogEntry(record, chain: chain, request: nil)])
        try writer.close()
        return Outcome(
            logID: writer.logID, backup: report.head, head: head, epoch: epoch,
            endpointCount: report.endpointCount)
    }
}

/// The backup's events, which tells of the request and the time of each as it is read.
private final class NotedEvents: EventSource {
    private let restore: LogRestore
    private let reader: LogReader
    private var noted = Seq.zero
    private(set) var lastTime = Timestamp(microseconds: .min)

    init(_ restore: LogRestore, _ reader: LogReader) {
        self.restore = restore
        self.reader = reader
    }

    var logID: LogID { reader.logID }
    var path: String { reader.path }
    var head: LogHead { get throws(LogError) { try reader.head } }

    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow] {
        let rows = try reader.rows(from: first, limit: limit, maxBytes: maxBytes)
        for row in rows where row.seq > noted {
            noted = row.seq
            // Whether it can be read is judged by who asked.
            guard let audit = try? EncodedRecord(validating: row.record).audit() else { continue }
            lastTime = audit.time
            guard !audit.requestID.isEmpty else { continue }
            restore.note(RequestKey(actor: audit.actor, requestID: audit.requestID), of: row.seq)
        }
        return rows
    }
}
