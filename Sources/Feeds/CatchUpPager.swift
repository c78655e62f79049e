package import EndpointModel
internal import EndpointState
internal import NIOCore
internal import SyncProtocol

/// Where a catch-up finds events: the log, or a test's model of one.
package protocol EventSource {
    /// The events from `first` on, in order and without a gap: at least one, none behind `last`,
    /// and no more than are read in one go.
    func events(from first: Seq, through last: Seq) throws -> [SourcedEvent]
    func item(at seq: Seq) throws -> EncodedItem
    /// The same, where it costs no reading; nil where it would.
    func itemAtHand(_ seq: Seq) -> EncodedItem?
}

package struct SourcedEvent: Sendable {
    package let record: EncodedRecord
    /// The chain hash behind the event.
    package let chain: Hash256

    package init(record: EncodedRecord, chain: Hash256) {
        self.record = record
        self.chain = chain
    }
}

/// One subscriber's way through the log, a page at a time.
///
/// A page costs a bounded amount of reading, whether or not anything in it concerns the
/// subscriber: a page may be empty. So those who share a reader's thread take turns, and a
/// subscriber that has gone costs one page more at most (G9).
package struct CatchUpPager {
    private enum Stage {
        /// The next event to send.
        case deltas(next: Seq)
        /// The next record to send.
        case records(next: Seq)
        /// The keys of the events from `next` on are not gathered yet.
        case gathering(NetChange, next: Seq)
        case judging(NetChange)
        /// The last page was made.
        case ended
    }

    private let request: CatchUpRequest
    private let limits: FeedLimits
    /// For one page: a compressor's state takes more than 100 KB, and pagers wait by thousands.
    private var frames: FrameMaker { FrameMaker(limits: limits) }
    private var stage: Stage

    package init(_ request: CatchUpRequest, limits: FeedLimits) {
        precondition(request.from < request.to.seq, "nothing lies behind seq \(request.from)")
        self.request = request
        self.limits = limits
        let next = request.from.next
        switch request.form {
        case .deltas: stage = .deltas(next: next)
        case .records: stage = .records(next: next)
        case .netChange, .afterSnapshot:
            let none = NetChange(selection: request.selection, form: request.form)
            stage = .gathering(none, next: next)
        }
    }

    package mutating func nextPage(_ source: some EventSource) throws -> CatchUpPage {
        // Taken out while it is worked on, so that what it gathers grows in place.
        let current = stage
        stage = .ended
        switch current {
        case .deltas(let next): return try deltaPage(from: next, source)
        case .records(let next): return try recordPage(from: next, source)
        case .gathering(var netChange, let next):
            return try gather(&netChange, from: next, source)
        case .judging(var netChange): return try judge(&netChange, source)
        case .ended: preconditionFailure("a page behind the last")
        }
    }

    // MARK: Each event

    private mutating func deltaPage(from first: Seq, _ source: some EventSource) throws
        -> CatchUpPage
    {
        let judge = DeltaJudge(selection: request.selection)
        var changes: [FeedChange] = []
        var last = first
        for event in try source.events(from: first, through: request.to.seq) {
            last = event.record.seq
            let change = try judge.change(of: event.record.item) { seq in
                try source.item(at: seq)
            }
            if let change { changes.append(change) }
        }
        let buffer = frames.changes(changes, mark: nil)
        guard last < request.to.seq else { return .last(buffer) }
        stage = .deltas(next: last.next)
        return .frames(buffer)
    }

    /// One page and its own mark: the hub asks anew from there, and finds out whether its ring
    /// has the rest.
    private func recordPage(from first: Seq, _ source: some EventSource) throws -> CatchUpPage {
        let events = try source.events(from: first, through: request.to.seq)
        guard let last = events.last else { preconditionFailure("a source gave no event") }
        let mark = Mark(place: try place(of: last, in: events.lazy.map(\.record.item)))
        let buffer = frames.records(events.map(\.record), mark: mark)
        return .records(buffer, held: last.record.seq)
    }

    /// Which epoch it is in the subscriber knows from the page before, unless one begins here: that
    /// of the request may begin only behind this page.
    private func place(of last: SourcedEvent, in items: some Sequence<EncodedItem>) throws
        -> Mark.Place
    {
        var begun: Epoch?
        for item in items where item.kind == .control {
            if case .epoch(let epoch) = try item.control() { begun = epoch }
        }
        guard let begun else { return .step(last.record.seq, chain: last.chain) }
        let position = Position(
            logID: request.to.logID, epoch: begun, seq: last.record.seq, chain: last.chain)
        return .position(position)
    }

    // MARK: Net change

    private mutating func gather(
        _ netChange: inout NetChange, from first: Seq, _ source: some EventSource
    ) throws -> CatchUpPage {
        var next = first
        for _ in 0..<limits.readsPerPage where next <= request.to.seq {
            for event in try source.events(from: next, through: request.to.seq) {
                let noted = netChange.note(event.record.item) { source.itemAtHand($0) }
                guard noted == .taken else { return .snapshotIsCheaper }
                next = event.record.seq.next
            }
        }
        guard next > request.to.seq else {
            stage = .gathering(netChange, next: next)
            return .frames(ByteBuffer())
        }
        netChange.finishNoting()
        // At once: while a subscriber waits for its next turn its keys stand in memory, and after
        // a restart thousands wait.
        return try judge(&netChange, source)
    }

    private mutating func judge(_ netChange: inout NetChange, _ source: some EventSource) throws
        -> CatchUpPage
    {
        var changes: [FeedChange] = []
        var byteCount = 0
        for _ in 0..<limits.judgedPerPage where byteCount < limits.frameBytes {
            switch try netChange.judgeNext(fetch: { seq in try source.item(at: seq) }) {
            case .changed(let change):
                changes.append(change)
                byteCount += change.byteCount
            case .unchanged: break
            case .allJudged: return .last(frames.changes(changes, mark: nil))
            }
        }
        stage = .judging(netChange)
        return .frames(frames.changes(changes, mark: nil))
    }
}
