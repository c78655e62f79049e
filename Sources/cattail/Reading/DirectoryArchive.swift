internal import Audit
internal import CattailClient
internal import EndpointModel
internal import EndpointState
internal import Foundation
internal import LogStore
internal import Projection

/// The files of a stopped node or a copy of them, read only. Folds from the first event on.
struct DirectoryArchive: Archive {
    private let past: Past
    private let directory: String
    let anchor: AnchorStanding

    init(directory: String) throws {
        self.directory = directory
        let reader = try LogReader.open(directory: directory)
        anchor = reader.anchor == nil ? .missing : .held
        past = try Past(ShownEvents(reader))
        if case .missing = anchor { Console.faults.warn(Self.unanchored(directory)) }
    }

    /// What is read is right, and more may have stood behind it.
    private static func unanchored(_ directory: String) -> Fault {
        Fault(
            code: FaultCode.anchorMissing,
            what: "\(directory) has no anchor: nobody can say whether the log's end is missing",
            remedy: "copy the directory as a whole")
    }

    func logID() async throws -> LogID { past.events.logID }

    func item(_ key: EndpointKey, at point: LogPoint?) async throws -> EncodedItem? {
        try past.item(of: key, after: try seq(at: point))
    }

    func items(_ selection: Selection, at point: LogPoint?) async throws
        -> (items: [EncodedItem], seq: Seq)
    {
        let seq = try seq(at: point)
        let items = try past.state(after: seq).items(after: nil, limit: .max)
        return (items.filter { selection.matches($0) }, seq)
    }

    func events(_ range: EventRange, _ take: ([CattailClient.LogEntry]) throws -> Void) async throws
        -> Seq
    {
        let last = min(try seq(at: range.to), past.head)
        var next: Seq? = try firstSeq(at: range.from)
        while let first = next, first <= last {
            let page = try past.events(matching: range.filter, from: first, through: last)
            try take(page.events.map { CattailClient.LogEntry(record: $0.record, chain: $0.chain) })
            next = page.next
        }
        return last
    }

    func orphaned(_ take: ([CattailClient.LogEntry]) throws -> Void) async throws {
        for file in try OrphanFile.all(in: directory) {
            var next = file.first
            while next <= file.last {
                let rows = try file.rows(from: next)
                guard let last = rows.last else { break }
                try take(
                    try rows.map {
                        CattailClient.LogEntry(
                            record: try EncodedRecord(validating: $0.record), chain: $0.chain)
                    })
                next = last.seq.next
            }
        }
    }

    func history(_ key: EndpointKey) async throws -> [CattailClient.LogEntry] {
        var newestFirst: [CattailClient.LogEntry] = []
        var next: Seq? = past.head
        while let last = next {
            let page = try past.history(of: key, upTo: last)
            newestFirst += page.versions.map {
                CattailClient.LogEntry(record: $0.event.record, chain: $0.event.chain)
            }
            next = page.next
        }
        return newestFirst.reversed()
    }

    func differences(
        from: LogPoint, to: LogPoint, _ take: ([CattailClient.EndpointDifference]) throws -> Void
    ) async throws {
        let found = try past.difference(from: try seq(at: from), to: try seq(at: to))
        try take(
            found.map { CattailClient.EndpointDifference(before: $0.before, after: $0.after) })
    }

    func verify(from seq: Seq) async throws -> CattailClient.LogVerification {
        var verification = try Verification(past.events, from: max(seq, Seq(1)))
        let state = try verification.run()
        let report = verification.report
        var found = CattailClient.LogVerification(
            checked: report.events,
            head: Position(
                logID: past.events.logID, epoch: .none, seq: report.head.seq,
                chain: report.head.chain),
            why: report.unknownEvent?.description ?? "")
        if case .faulty(let fault) = state {
            found.firstBad = fault.seq ?? report.head.seq.next
            found.why = fault.reason
        }
        return found
    }

    // MARK: Points

    /// The seq whose state is meant: of a time, the last event that is not later.
    private func seq(at point: LogPoint?) throws -> Seq {
        switch point {
        case nil: return past.head
        case .seq(let seq):
            try past.check(seq)
            return seq
        case .time(let time): return try past.lastSeq(notAfter: time)
        case .age(let microseconds): return try past.lastSeq(notAfter: Self.time(ago: microseconds))
        }
    }

    /// The first event that is meant: of a time, the first that is not earlier.
    private func firstSeq(at point: LogPoint?) throws -> Seq {
        switch point {
        case nil: return Seq(1)
        case .seq(let seq):
            try past.check(seq)
            return max(seq, Seq(1))
        case .time(let time): return try past.firstSeq(notBefore: time)
        case .age(let microseconds):
            return try past.firstSeq(notBefore: Self.time(ago: microseconds))
        }
    }

    private static func time(ago microseconds: UInt64) -> Timestamp {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        return Timestamp(microseconds: now - min(now, Int64(clamping: microseconds)))
    }
}
