package import EndpointModel
package import EndpointState
package import LogStore
package import Projection

/// A pass over a log that proves what can be proven of it: no seq missing, each record canonical
/// and matching its hash, each link of the chain, times and epochs that never go back, and every
/// event legal after those before it (G2, G3, G5). Behind a critical event of an unknown type all
/// of that is proven but the last: this version has no rules for what follows it (R19).
///
/// A step is one page of events, so that whoever runs it can show progress, pause or stop. What
/// is wrong is the answer and not an error; thrown is only what kept it from finding out.
package struct Verification {
    /// What has been proven so far.
    package struct Report: Hashable, Sendable {
        package var first: Seq
        /// The last event found right.
        package var head: LogHead
        package var puts: UInt64 = 0
        package var deletes: UInt64 = 0
        package var controls: UInt64 = 0
        /// The live endpoints and their digest after the head; nil when the pass did not begin
        /// at the first event, or met an unknown one.
        package var endpointCount: Int?
        package var digest: StateDigest?
        /// The first that is critical and of a type that this version does not know.
        package var unknownEvent: UnknownEvent?

        package var events: UInt64 { puts + deletes + controls }
    }

    /// The first event that is wrong, and why.
    package struct Fault: Hashable, Sendable {
        package var seq: Seq?
        package var reason: String
    }

    /// How far the pass has come. `running` goes to `sound` or `faulty`, which have no exits.
    package enum State: Hashable, Sendable {
        case running
        case sound
        case faulty(Fault)
    }

    package private(set) var state = State.running
    package private(set) var report: Report
    private let events: any EventSource
    private let last: Seq
    private let expected: (seq: Seq, digest: StateDigest)?
    private var fold: Fold
    private var time: Timestamp?
    private var epoch: Epoch?
    private var epochNumber: UInt64 = 0

    /// What judges each event by those before it.
    private enum Fold {
        /// From the first event on: the view itself.
        case whole(EndpointView)
        /// From a later one on: the last event of each key met, and what the range can say of it.
        case range(first: Seq, last: OrderedItems)
    }

    /// A pass over the events from `first` to the head as it is now. `expected` is a digest that
    /// some view claims for a seq: it is compared when a pass from the first event comes by.
    package init(
        _ events: any EventSource, from first: Seq = Seq(1),
        expecting expected: (seq: Seq, digest: StateDigest)? = nil
    ) throws(ProjectionError) {
        let first = max(first, Seq(1))
        last = try events.headSeq
        let before = Seq(first.rawValue - 1)
        guard before <= last, let chain = try events.chain(at: before) else {
            throw .beyondHead(seq: first, head: last)
        }
        self.events = events
        self.expected = expected
        fold = first == Seq(1) ? .whole(EndpointView()) : .range(first: first, last: OrderedItems())
        report = Report(first: first, head: LogHead(seq: before, chain: chain))
    }

    /// The epoch in force after the head; nil when the pass began behind the event that began it.
    package var epochInForce: Epoch? { epoch }

    /// How far: the last event proven, of how many.
    package var progress: (done: Seq, of: Seq) { (report.head.seq, last) }

    /// Proves the next page, and says how it stands.
    package mutating func step() throws(ProjectionError) -> State {
        guard state == .running else { return state }
        do {
            let room = Int(clamping: last.rawValue - report.head.seq.rawValue)
            let rows = room == 0 ? [] : try events.rows(from: next, limit: room, maxBytes: nil)
            for row in rows {
                if let reason = try reasonAgainst(row) {
                    return end(.init(seq: next, reason: reason))
                }
                report.head = LogHead(seq: row.seq, chain: row.chain)
                if let reason = digestFault() { return end(.init(seq: row.seq, reason: reason)) }
            }
            if rows.isEmpty { finish() }
        } catch {
            guard case .damaged(_, let seq, let reason) = error else { throw .log(error) }
            return end(Fault(seq: seq, reason: reason))
        }
        return state
    }

    /// Runs to the end. `progress` is called after each page with the last event proven and the
    /// last there is.
    package mutating func run(progress: (Seq, Seq) -> Void = { _, _ in })
        throws(ProjectionError) -> State
    {
        while try step() == .running { progress(report.head.seq, last) }
        return state
    }

    private var next: Seq { report.head.seq.next }

    private mutating func end(_ fault: Fault) -> State {
        state = .faulty(fault)
        return state
    }

    private mutating func finish() {
        guard report.head.seq == last else {
            state = .faulty(Fault(seq: next, reason: "it cannot be found"))
            return
        }
        if case .whole(let view) = fold, report.unknownEvent == nil {
            report.endpointCount = view.count
            report.digest = view.digest
        }
        state = .sound
    }

    // MARK: One event. Each gives back why it is wrong, or nil.

    private mutating func reasonAgainst(_ row: LogRow) throws(LogError) -> String? {
        guard row.seq == next else { return "it cannot be found, seq \(row.seq) follows" }
        let record: EncodedRecord
        let audit: AuditPart
        do {
            record = try EncodedRecord(validating: row.record)
            audit = try record.audit()
        } catch { return "the record is not canonical: \(error)" }
        guard record.seq == row.seq else { return "the record calls itself seq \(record.seq)" }
        guard record.hash == row.recordHash else { return "the record does not match its hash" }
        guard report.head.chain.followed(by: record.hash) == row.chain else {
            return "the chain is broken"
        }
        return reasonAgainst(audit, of: record.item) ?? reasonAgainst(record.item)
    }

    private mutating func reasonAgainst(_ audit: AuditPart, of item: EncodedItem) -> String? {
        if let time, audit.time < time { return "its time \(audit.time) is before \(time)" }
        time = audit.time
        if item.kind == .control, case .epoch(let begun)? = try? item.control() {
            if let epoch, begun <= epoch { return "epoch \(begun) follows epoch \(epoch)" }
            epoch = begun
        }
        if let epoch, audit.epochNumber != epoch.number {
            return "it is of epoch \(audit.epochNumber), within epoch \(epoch)"
        }
        guard audit.epochNumber >= epochNumber else {
            return "it is of epoch \(audit.epochNumber), behind epoch \(epochNumber)"
        }
        epochNumber = audit.epochNumber
        return nil
    }

    private mutating func reasonAgainst(_ item: EncodedItem) -> String? {
        switch item.kind {
        case .put: report.puts += 1
        case .delete: report.deletes += 1
        case .control:
            report.controls += 1
            report.unknownEvent = report.unknownEvent ?? UnknownEvent(item)
        }
        switch fold {
        case .whole(var view):
            // Moved out and back, so that the view is never copied.
            fold = .range(first: .zero, last: OrderedItems())
            defer { fold = .whole(view) }
            do { try view.fold(item) } catch { return "\(error)" }
            return nil
        case .range(let first, var lasts):
            fold = .range(first: .zero, last: OrderedItems())
            defer { fold = .range(first: first, last: lasts) }
            guard item.kind != .control, report.unknownEvent == nil else { return nil }
            let before = lasts.put(item)
            return Self.reasonAgainst(item, after: before, from: first)
        }
    }

    /// What a range can say of an event: its key's event before it in the range, or that there
    /// is none.
    private static func reasonAgainst(
        _ item: EncodedItem, after before: EncodedItem?, from first: Seq
    ) -> String? {
        guard let before else {
            return item.previousSeq < first
                ? nil : "it names \(item.previousSeq) as its key's previous event, which is not"
        }
        guard item.previousSeq == before.seq else {
            return "it names \(item.previousSeq) as its key's previous event, not \(before.seq)"
        }
        if before.kind == .delete {
            return item.kind == .delete ? "it deletes \(item.key), which does not live" : nil
        }
        guard item.uid == before.uid else { return "it changes the uid of \(item.key)" }
        let isKept = item.kind == .delete || item.creationTime == before.creationTime
        return isKept ? nil : "it changes the creation time of \(item.key)"
    }

    private func digestFault() -> String? {
        guard let expected, expected.seq == report.head.seq, case .whole(let view) = fold,
            view.digest != expected.digest
        else { return nil }
        return "the fold's digest here is \(view.digest), the view's is \(expected.digest)"
    }
}
