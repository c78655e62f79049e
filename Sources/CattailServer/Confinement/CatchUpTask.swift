internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import LogStore
internal import SyncProtocol

/// One subscriber's way through the log, a page at a time.
///
/// Proof of `@unchecked Sendable`: the hub has at most one page of a subscriber underway, so one
/// thread at a time is inside; the hop that starts it and the hop that brings its page order
/// them.
final class CatchUpTask: @unchecked Sendable {
    private enum Stage {
        /// The next event to send.
        case deltas(next: Seq)
        /// The next record to send.
        case records(next: Seq)
        /// The keys are not gathered yet.
        case unread
        case judging(NetChange)
    }

    private let request: CatchUpRequest
    private let frames: FrameMaker
    private let limits: FeedLimits
    private var stage: Stage

    init(_ request: CatchUpRequest, limits: FeedLimits) {
        self.request = request
        self.limits = limits
        frames = FrameMaker(limits: limits)
        switch request.form {
        case .deltas: stage = .deltas(next: request.from.next)
        case .records: stage = .records(next: request.from.next)
        case .netChange, .afterSnapshot: stage = .unread
        }
    }

    func nextPage(_ reader: LogReader) throws -> CatchUpPage {
        switch stage {
        case .deltas(let next): return try deltaPage(from: next, reader)
        case .records(let next): return try recordPage(from: next, reader)
        case .unread:
            guard let netChange = try gather(reader) else { return .snapshotIsCheaper }
            stage = .judging(netChange)
            return try judgedPage(netChange, reader)
        case .judging(let netChange): return try judgedPage(netChange, reader)
        }
    }

    // MARK: Each event

    private func deltaPage(from first: Seq, _ reader: LogReader) throws -> CatchUpPage {
        let judge = DeltaJudge(selection: request.selection)
        var changes: [FeedChange] = []
        var last = first
        for record in try page(from: first, reader) {
            last = record.seq
            let change = try judge.change(of: record.item) { seq throws(LogError) in
                try Self.item(at: seq, reader)
            }
            if let change { changes.append(change) }
        }
        stage = .deltas(next: last.next)
        let buffer = frames.changes(changes, mark: nil)
        return last < request.to.seq ? .frames(buffer) : .last(buffer)
    }

    private func recordPage(from first: Seq, _ reader: LogReader) throws -> CatchUpPage {
        let rows = try rows(from: first, reader)
        guard let lastRow = rows.last else {
            throw LogError.damaged(
                path: reader.path, firstBad: first, reason: "the event is missing")
        }
        let records = try rows.map { try EncodedRecord(validating: $0.record) }
        stage = .records(next: lastRow.seq.next)
        let epoch = request.to.epoch
        let mark = Mark(
            position: Position(
                logID: request.to.logID, epoch: epoch, seq: lastRow.seq, chain: lastRow.chain))
        return .records(frames.records(records, mark: mark), held: lastRow.seq)
    }

    // MARK: Net change

    /// Nil when a snapshot is cheaper.
    private func gather(_ reader: LogReader) throws -> NetChange? {
        var netChange = NetChange(selection: request.selection, form: request.form)
        var next = request.from.next
        while next <= request.to.seq {
            for record in try page(from: next, reader) {
                guard netChange.note(record.item) == .taken else { return nil }
                next = record.seq.next
            }
        }
        netChange.finishNoting()
        return netChange
    }

    private func judgedPage(_ judged: NetChange, _ reader: LogReader) throws -> CatchUpPage {
        var netChange = judged
        var changes: [FeedChange] = []
        var byteCount = 0
        while byteCount < limits.frameBytes {
            let change = try netChange.next { seq throws(LogError) in
                try Self.item(at: seq, reader)
            }
            guard let change else { return .last(frames.changes(changes, mark: nil)) }
            changes.append(change)
            byteCount += change.byteCount
        }
        stage = .judging(netChange)
        return .frames(frames.changes(changes, mark: nil))
    }

    // MARK: Reading

    private func page(from first: Seq, _ reader: LogReader) throws -> [EncodedRecord] {
        let records = try rows(from: first, reader).map { try EncodedRecord(validating: $0.record) }
        guard !records.isEmpty else {
            throw LogError.damaged(
                path: reader.path, firstBad: first, reason: "the event is missing")
        }
        return records
    }

    private func rows(from first: Seq, _ reader: LogReader) throws(LogError) -> [LogRow] {
        let left = Int(clamping: request.to.seq.rawValue - first.rawValue + 1)
        return try reader.rows(from: first, limit: min(left, 1_000), maxBytes: limits.frameBytes)
    }

    private static func item(at seq: Seq, _ reader: LogReader) throws(LogError) -> EncodedItem {
        guard let row = try reader.row(at: seq) else {
            throw .damaged(path: reader.path, firstBad: seq, reason: "the event is missing")
        }
        do { return try EncodedRecord(validating: row.record).item } catch {
            throw .damaged(path: reader.path, firstBad: seq, reason: error.description)
        }
    }
}
