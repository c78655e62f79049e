internal import EndpointModel
internal import LogStore
internal import Projection

/// A log's events, with a line on a terminal that says how far whoever reads them has come.
///
/// Here, because everything that takes long over files is reading: a fold, a difference, a proof.
final class ShownEvents: EventSource {
    private let events: any EventSource
    /// Fewer are a look at one place, and say nothing of how far anything is.
    private static let leastRows = 64

    init(_ events: any EventSource) { self.events = events }

    var logID: LogID { events.logID }
    var head: LogHead { get throws(LogError) { try events.head } }

    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow] {
        let rows = try events.rows(from: first, limit: limit, maxBytes: maxBytes)
        if ProgressLine.standard.isTerminal, rows.count >= Self.leastRows, let seq = rows.last?.seq
        {
            let last = try events.head.seq
            ProgressLine.standard.show(
                "seq \(seq) of \(last)", done: seq.rawValue, of: last.rawValue)
        }
        return rows
    }
}
