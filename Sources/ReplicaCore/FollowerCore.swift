package import EndpointModel
package import EndpointState

/// What a follower decides, as a value: whether the records that its upstream sends continue
/// its own log (G4). Each is checked before it is stored: seq, epoch, time, previous seq, and by
/// the chain its hashes.
package struct FollowerCore: Sendable {
    package private(set) var view: EndpointView
    /// Behind the last event that is durable here.
    package private(set) var head: Position
    package private(set) var lastTime: Timestamp
    /// What this node has promised: nothing is stored that comes from a reign below it (G10).
    package private(set) var pledge: Pledge

    package init(view: EndpointView, head: Position, lastTime: Timestamp, pledge: Pledge) {
        precondition(view.seq == head.seq, "view at \(view.seq), log at \(head.seq)")
        self.view = view
        self.head = head
        self.lastTime = lastTime
        self.pledge = pledge
    }

    /// The promise is on disk.
    package mutating func promised(_ pledge: Pledge) { self.pledge = pledge }

    /// What is to be appended.
    package struct Intake: Sendable {
        package var records: [EncodedRecord] = []
        package var audits: [AuditPart] = []
        package var chains: [Hash256] = []
        package var changes: [EndpointView.Change] = []
        package var head: Position
        fileprivate var view: EndpointView
        fileprivate var lastTime: Timestamp
    }

    /// Checks records that continue the log. Those at or before its head were received twice,
    /// which is legal: they are left out.
    ///
    /// - Parameter upstream: The epoch in which the log of the one that sent them ends, as it said.
    /// - Throws: `IntakeFault` with the first seq that does not fit; nothing of the batch is to
    ///   be stored.
    package func check(_ records: [EncodedRecord], from upstream: Epoch) throws(IntakeFault)
        -> Intake
    {
        guard pledge.admits(upstream: upstream) else {
            throw IntakeFault(
                seq: head.seq.next, code: .epochDeposed,
                reason: "it comes from epoch \(upstream), and this node has promised epoch"
                    + " \(pledge.epoch) to store nothing below it")
        }
        var intake = Intake(head: head, view: view, lastTime: lastTime)
        for record in records where record.seq > head.seq {
            try take(record, into: &intake)
        }
        return intake
    }

    /// The mark behind the records must name the position that they lead to.
    package func checkMark(_ mark: Position, behind intake: Intake) throws(IntakeFault) {
        guard mark.seq == intake.head.seq else { return }
        guard mark.chain == intake.head.chain else {
            throw IntakeFault(
                seq: mark.seq, code: .historyDiffers,
                reason: "its chain hash is \(intake.head.chain) here and \(mark.chain) upstream")
        }
    }

    /// The intake is durable.
    package mutating func committed(_ intake: Intake) {
        view = intake.view
        head = intake.head
        lastTime = intake.lastTime
    }

    private func take(_ record: EncodedRecord, into intake: inout Intake) throws(IntakeFault) {
        let audit: AuditPart
        let change: EndpointView.Change
        var epoch = intake.head.epoch
        do {
            audit = try record.audit()
            if record.item.kind == .control, case .epoch(let begun) = try record.item.control() {
                epoch = try begins(begun, after: epoch, at: record.seq)
            }
        } catch let fault as IntakeFault {
            throw fault
        } catch {
            throw IntakeFault(seq: record.seq, code: .recordUnreadable, reason: "\(error)")
        }
        guard audit.epochNumber == epoch.number else {
            throw IntakeFault(
                seq: record.seq, code: .epochWrong,
                reason: "its epoch is \(audit.epochNumber), \(epoch.number) is in force")
        }
        guard audit.time >= intake.lastTime else {
            throw IntakeFault(
                seq: record.seq, code: .timeGoesBack,
                reason: "its time \(audit.time) is before \(intake.lastTime)")
        }
        do {
            change = try intake.view.fold(record.item)
        } catch {
            throw IntakeFault(seq: record.seq, code: .doesNotFold, reason: "\(error)")
        }
        let chain = intake.head.chain.followed(by: record.hash)
        intake.head = Position(
            logID: intake.head.logID, epoch: epoch, seq: record.seq, chain: chain)
        intake.lastTime = audit.time
        intake.records.append(record)
        intake.audits.append(audit)
        intake.chains.append(chain)
        intake.changes.append(change)
    }

    private func begins(_ epoch: Epoch, after previous: Epoch, at seq: Seq) throws(IntakeFault)
        -> Epoch
    {
        guard epoch.number > previous.number else {
            throw IntakeFault(
                seq: seq, code: .epochWrong,
                reason: "it begins epoch \(epoch) while \(previous) is in force")
        }
        return epoch
    }
}

/// Why an upstream's record is not stored.
package struct IntakeFault: Error, Hashable, Sendable, CustomStringConvertible {
    // error-codes
    package enum Code: String, Sendable, CaseIterable {
        case recordUnreadable = "record-unreadable"
        case epochWrong = "epoch-wrong"
        /// The upstream's reign is over, as far as this node has promised.
        case epochDeposed = "epoch-deposed"
        case timeGoesBack = "time-goes-back"
        case doesNotFold = "does-not-fold"
        case historyDiffers = "history-differs"
        /// This node's disk did not take it.
        case notStored = "not-stored"
    }

    package let seq: Seq
    package let code: Code
    package let reason: String

    package init(seq: Seq, code: Code, reason: String) {
        self.seq = seq
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(code.rawValue): the event at seq \(seq): \(reason)" }
}
