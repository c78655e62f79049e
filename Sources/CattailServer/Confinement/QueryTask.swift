internal import Audit
internal import EndpointModel
internal import EndpointState
internal import LogStore
internal import Projection
internal import SyncProtocol
internal import Synchronization

/// One question to a node, answered a part at a time: the next part is made when the asker's
/// socket has room for it, so that a slow reader holds a position and no memory.
///
/// Proof of `@unchecked Sendable`: the connection has at most one part of a query underway, and
/// the hops to the reader's thread and back order the two sides.
final class QueryTask: @unchecked Sendable {
    let ticket: UInt64
    private let body: Query.Body
    private let view: EndpointView
    /// What the asker may see of it.
    let sight: Selection
    private let clock: WallClock
    private var stage = Stage.new
    private let abandoned = Atomic<Bool>(false)

    private enum Stage {
        case new
        case items(EndpointSet, selection: Selection, after: EndpointKey?, at: Seq)
        case events(EventFilter, next: Seq, last: Seq)
        case history(next: Seq?, newestFirst: [Seq])
        case diff(ArraySlice<EndpointDifference>, at: Seq)
        case verifying(Verification)
        case orphaned(ArraySlice<OrphanFile>, next: Seq)
        case done(Seq)
    }

    struct Part {
        let answers: [QueryAnswer.Body]
        let isLast: Bool
    }

    /// About what one part may hold, in bytes of items.
    private static let partBytes = 256 << 10
    /// So many events are looked up at a time; then the reader's thread is left to others.
    private static let seqsPerSearch = 2_000

    /// - Parameter view: Pinned when the question came.
    /// - Parameter sight: By the rights of that version.
    init(_ query: Query, view: EndpointView, sight: Selection, clock: WallClock) {
        ticket = query.ticket
        body = query.body
        self.view = view
        self.sight = sight
        self.clock = clock
    }

    /// Whether the answer may take a whole state, or reading much of the log, to begin: what is
    /// asked of the present, or read event by event, does not wait behind it.
    var isOfThePast: Bool {
        switch body {
        case .get(_, let point), .list(_, let point): point != nil
        case .diff, .verify: true
        case .log, .history, .status, .members, .promote, .promise, .rights, .unknown: false
        }
    }

    /// What it takes to ask.
    var permission: Permission { body.permission }

    /// Whether somebody still waits for the answer. Any thread may ask.
    var isWanted: Bool { !abandoned.load(ordering: .relaxed) }

    /// Nobody waits any more: a part underway ends with its next read of the log.
    func abandon() { abandoned.store(true, ordering: .relaxed) }

    func nextPart(_ reader: Result<LogReader, LogError>) -> Part {
        do {
            if case .log(let query) = body, case .orphaned = query.source {
                return try orphanedPart(reader.get())
            }
            let past = try Past(WantedEvents(reader.get(), for: self), current: view)
            return try part(past)
        } catch let failure as QueryFault {
            return .failed(failure.code, failure.message)
        } catch let error as ProjectionError {
            return .failed(FailureCode(error.code), error.what)
        } catch let error as LogError {
            return .failed(FailureCode(error.code), error.what)
        } catch {
            return .failed(.unavailable, "\(error)")
        }
    }

    private func part(_ past: Past) throws -> Part {
        switch stage {
        case .new: return try begin(past)
        case .items(let state, let selection, let after, let at):
            return itemsPart(state, selection, after, at)
        case .events(let filter, let next, let last):
            return try eventsPart(past, filter, next, last)
        case .history(let next, let seqs): return try historyPart(past, next, seqs)
        case .diff(let rest, let at): return diffPart(rest, at)
        case .verifying(let verification): return try verifyPart(past, verification)
        case .orphaned: throw QueryFault(code: .queryUnknown, message: "not of the log")
        case .done(let seq): return Part(answers: [.end(seq)], isLast: true)
        }
    }

    private func begin(_ past: Past) throws -> Part {
        switch body {
        case .get(let key, let point): return try get(past, key, point)
        case .list(let request, let point):
            let selection = try Selection(request).narrowed(to: sight)
            let seq = try known(point, past)
            let state = seq == view.seq ? view.state : try past.state(after: seq)
            return itemsPart(state, selection, nil, seq)
        case .log(let query):
            let first = try query.from.map { try resolveFirst($0, past) } ?? Seq(1)
            let last = try query.to.map { try resolve($0, past) } ?? past.head
            let actor = query.actor.isEmpty ? nil : query.actor
            return try eventsPart(past, EventFilter(key: query.key, actor: actor), first, last)
        case .history(let key):
            let newest = try past.version(of: key, atOrBefore: past.head)
            guard let newest else { throw QueryFault.notFound(key) }
            return try historyPart(past, newest.seq, [])
        case .diff(let from, let to):
            let (first, last) = (try resolve(from, past), try resolve(to, past))
            return diffPart(try past.difference(from: first, to: last)[...], last)
        case .verify(let from): return try verifyPart(past, Verification(past.events, from: from))
        case .status, .members, .promote, .promise, .rights, .unknown:
            throw QueryFault(code: .queryUnknown, message: "this node does not know the question")
        }
    }

    // MARK: Items

    private func get(_ past: Past, _ key: EndpointKey, _ point: Point?) throws -> Part {
        let seq = try known(point, past)
        let item =
            seq == view.seq ? view.item(forKey: key) : try past.item(of: key, after: seq)
        guard let item, sight.matches(item) else { throw QueryFault.notFound(key) }
        return Part(answers: [.items([item]), .end(seq)], isLast: true)
    }

    private func itemsPart(
        _ state: EndpointSet, _ selection: Selection, _ after: EndpointKey?, _ seq: Seq
    ) -> Part {
        var iterator = state.items.items(after: after)
        var items: [EncodedItem] = []
        var byteCount = 0
        while byteCount < Self.partBytes, let item = iterator.next() {
            guard selection.matches(item) else { continue }
            items.append(item)
            byteCount += item.byteCount
        }
        guard byteCount >= Self.partBytes, let last = items.last else {
            return Part(answers: [.items(items), .end(seq)], isLast: true)
        }
        stage = .items(state, selection: selection, after: last.key, at: seq)
        return Part(answers: [.items(items)], isLast: false)
    }

    // MARK: Events

    private func eventsPart(_ past: Past, _ filter: EventFilter, _ next: Seq, _ last: Seq) throws
        -> Part
    {
        var limits = EventPageLimits()
        limits.bytes = Self.partBytes
        let page = try past.events(matching: filter, from: next, through: last, limits: limits)
        let rows = page.events.map { RecordRow(record: $0.record, chain: $0.chain) }
        guard let following = page.next else {
            return Part(answers: [.records(rows), .end(last)], isLast: true)
        }
        stage = .events(filter, next: following, last: last)
        return Part(answers: [.records(rows)], isLast: false)
    }

    /// What left the log, one file after the other; a seq may be in several.
    private func orphanedPart(_ reader: LogReader) throws -> Part {
        var (files, next) = (try OrphanFile.all(in: reader.directory)[...], Seq.zero)
        if case .orphaned(let rest, let following) = stage { (files, next) = (rest, following) }
        guard let file = files.first else {
            return Part(answers: [.end(view.seq)], isLast: true)
        }
        let found = try file.rows(from: next)
        stage = .orphaned(files, next: found.last?.seq.next ?? file.last.next)
        if found.last?.seq ?? file.last >= file.last {
            stage = .orphaned(files.dropFirst(), next: .zero)
        }
        let rows = try found.map { row in
            RecordRow(record: try EncodedRecord(validating: row.record), chain: row.chain)
        }
        return Part(answers: rows.isEmpty ? [] : [.records(rows)], isLast: false)
    }

    /// The seqs are gathered from the newest back, then the events are sent from the oldest on.
    private func historyPart(_ past: Past, _ next: Seq?, _ gathered: [Seq]) throws -> Part {
        var seqs = gathered
        var next = next
        for _ in 0..<Self.seqsPerSearch {
            guard let seq = next else { break }
            seqs.append(seq)
            let previous = try past.events.event(at: seq).item.previousSeq
            next = previous > .zero ? previous : nil
        }
        if next != nil {
            stage = .history(next: next, newestFirst: seqs)
            return Part(answers: [], isLast: false)
        }
        var rows: [RecordRow] = []
        var byteCount = 0
        while byteCount < Self.partBytes, let seq = seqs.popLast() {
            let event = try past.events.event(at: seq)
            rows.append(RecordRow(record: event.record, chain: event.chain))
            byteCount += event.record.byteCount
        }
        guard !seqs.isEmpty else {
            return Part(answers: [.records(rows), .end(past.head)], isLast: true)
        }
        stage = .history(next: nil, newestFirst: seqs)
        return Part(answers: [.records(rows)], isLast: false)
    }

    private func diffPart(_ rest: ArraySlice<EndpointDifference>, _ seq: Seq) -> Part {
        var rest = rest
        var entries: [DiffEntry] = []
        var byteCount = 0
        while let difference = rest.first {
            // Two items of the greatest size fill a frame by themselves.
            let bytes = difference.byteCount
            if !entries.isEmpty, byteCount + bytes > Self.partBytes { break }
            entries.append(DiffEntry(before: difference.before, after: difference.after))
            byteCount += bytes
            rest.removeFirst()
        }
        guard !rest.isEmpty else {
            return Part(answers: [.diff(entries), .end(seq)], isLast: true)
        }
        stage = .diff(rest, at: seq)
        return Part(answers: [.diff(entries)], isLast: false)
    }

    /// Some pages at a time, so that the asker sees it go on.
    private func verifyPart(_ past: Past, _ begun: Verification) throws -> Part {
        var verification = begun
        stage = .done(.zero)
        for _ in 0..<50 {
            guard try verification.step() == .running else { break }
        }
        let report = verification.report
        let head = Position(
            logID: past.events.logID, epoch: verification.epochInForce ?? .none,
            seq: report.head.seq, chain: report.head.chain)
        var answer = VerifyReport(
            checked: report.events, head: head, why: report.unknownEvent?.description ?? "")
        switch verification.state {
        case .running:
            stage = .verifying(verification)
            return Part(answers: [.verify(answer)], isLast: false)
        case .sound: return Part(answers: [.verify(answer), .end(report.head.seq)], isLast: true)
        case .faulty(let fault):
            answer.firstBad = fault.seq ?? report.head.seq.next
            answer.why = fault.reason.cut(toBytes: Limits.messageBytes)
            return Part(answers: [.verify(answer), .end(report.head.seq)], isLast: true)
        }
    }

    // MARK: Points

    /// The seq whose state is meant, if anyone here can say what that was.
    private func known(_ point: Point?, _ past: Past) throws -> Seq {
        let seq = try point.map { try resolve($0, past) } ?? view.seq
        try past.checkKnown(seq)
        return seq
    }

    /// The seq whose state is meant: of a time, the last event that is not later.
    private func resolve(_ point: Point, _ past: Past) throws -> Seq {
        switch point {
        case .seq(let seq):
            try past.check(seq)
            return seq
        case .time(let time): return try past.lastSeq(notAfter: time)
        case .age(let microseconds): return try past.lastSeq(notAfter: time(ago: microseconds))
        }
    }

    /// The first event that is meant: of a time, the first that is not earlier.
    private func resolveFirst(_ point: Point, _ past: Past) throws -> Seq {
        switch point {
        case .seq(let seq):
            try past.check(seq)
            return seq
        case .time(let time): return try past.firstSeq(notBefore: time)
        case .age(let microseconds): return try past.firstSeq(notBefore: time(ago: microseconds))
        }
    }

    private func time(ago microseconds: UInt64) -> Timestamp {
        let now = clock.now().microseconds
        return Timestamp(microseconds: now - min(now, Int64(clamping: microseconds)))
    }
}

extension Query.Body {
    /// What it takes to ask.
    var permission: Permission {
        switch self {
        case .get(_, nil), .list(_, nil), .unknown: .endpoints
        case .get, .list, .log, .history, .diff, .verify, .status: .auditing
        case .members(let query): query.add.isEmpty && query.remove.isEmpty ? .auditing : .operation
        case .rights(let query): query.wanted == nil ? .auditing : .operation
        case .promise: .replication
        case .promote: .operation
        }
    }
}

extension QueryTask.Part {
    static func failed(_ code: FailureCode, _ message: String) -> QueryTask.Part {
        // The question may have named a key of a megabyte.
        let text = message.cut(toBytes: Limits.messageBytes)
        return QueryTask.Part(answers: [.failure(code, message: text)], isLast: true)
    }
}

extension EndpointDifference {
    fileprivate var byteCount: Int { (before?.bytes.count ?? 0) + (after?.bytes.count ?? 0) }
}

/// The log as long as the asker wants to know.
private final class WantedEvents: EventSource {
    private let reader: LogReader
    private let task: QueryTask

    init(_ reader: LogReader, for task: QueryTask) {
        self.reader = reader
        self.task = task
    }

    var logID: LogID { reader.logID }
    var head: LogHead { get throws(LogError) { try reader.head } }

    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow] {
        guard task.isWanted else {
            throw .unavailable(path: reader.path, reason: "nobody waits for the answer")
        }
        return try reader.rows(from: first, limit: limit, maxBytes: maxBytes)
    }
}

/// A question that cannot be answered as it was asked.
struct QueryFault: Error {
    let code: FailureCode
    let message: String

    static func notFound(_ key: EndpointKey) -> QueryFault {
        QueryFault(
            code: .notFound, message: "resource does not exist: WorkloadEndpoint(\(key))")
    }
}

extension Selection {
    /// The selection that a message asks for.
    init(_ request: SelectionRequest) throws(QueryFault) {
        guard request.selector.utf8.count <= Limits.selectorBytes else {
            throw QueryFault(
                code: .selectorInvalid,
                message: "the selector has \(request.selector.utf8.count) bytes, at most "
                    + "\(Limits.selectorBytes) are allowed")
        }
        do {
            let selector =
                request.selector.isEmpty ? .all : try Selector(parsing: request.selector)
            self.init(
                selector: selector, node: request.node, namespace: request.namespace)
        } catch {
            throw QueryFault(code: .selectorInvalid, message: "\(error)")
        }
    }
}
