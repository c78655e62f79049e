package import EndpointModel

/// A pass over a range of events that proves every record hash, every link of the chain and,
/// when told how to read a record's request, that the index finds it. A step is one page, so
/// that whoever runs it can show progress, pause or stop.
package struct LogVerification {
    /// What has been proven so far.
    package struct Report: Hashable, Sendable {
        package var events: UInt64 = 0
        package var recordBytes: UInt64 = 0
        /// The last event found right.
        package var head: LogHead
    }

    package private(set) var report: Report
    private let reader: LogReader
    private let last: Seq?
    private let requestKey: ((LogRow) -> RequestKey?)?

    init(
        _ reader: LogReader, from first: Seq, to last: Seq?,
        requestKey: ((LogRow) -> RequestKey?)?
    ) throws(LogError) {
        self.reader = reader
        self.last = last
        self.requestKey = requestKey
        let before = Seq(max(first.rawValue, 1) - 1)
        report = Report(
            head: LogHead(seq: before, chain: try reader.chain(at: before) ?? .zero))
    }

    /// Proves the next page. False when the range's end (or the head) has been reached; throws
    /// `damaged` with the first seq that is missing or wrong.
    package mutating func step() throws(LogError) -> Bool {
        let next = report.head.seq.next
        if let last, next > last { return false }
        let room = last.map { Int(clamping: $0.rawValue - report.head.seq.rawValue) }
        let rows = try reader.rows(from: next, limit: room)
        for row in rows {
            try checkRequest(of: row)
            report.events += 1
            report.recordBytes += UInt64(row.record.count)
            report.head = row.head
        }
        return !rows.isEmpty
    }

    private func checkRequest(of row: LogRow) throws(LogError) {
        guard let key = requestKey?(row) else { return }
        guard try reader.seq(ofRequest: key) == row.seq else {
            throw reader.queries.damage(row.seq, "the request index does not lead to it")
        }
    }
}

extension LogReader {
    /// A pass over the events from `first` to `last`, or to the head as it moves. `requestKey`
    /// reads the request out of a record, for the index to be checked too (G11).
    package func verification(
        from first: Seq = Seq(1), to last: Seq? = nil,
        requestKey: ((LogRow) -> RequestKey?)? = nil
    ) throws(LogError) -> LogVerification {
        try LogVerification(self, from: first, to: last, requestKey: requestKey)
    }
}
