package import EndpointModel
package import LogStore

/// The events of one log, as views and audits read them: a running node's log through a reader
/// of their own, a stopped node's files or a copy alike.
///
/// A protocol because the past is decided by arithmetic on events and not by where they are
/// kept: tests put an array in its place and can damage it at will.
package protocol EventSource: AnyObject {
    var logID: LogID { get }
    /// The newest event.
    var head: LogHead { get throws(LogError) }
    /// Rows from `first` on, in order, without a gap and held to their hashes, of one short read
    /// transaction: at most
    /// `limit` (and 1,000). Empty behind the head.
    func rows(from first: Seq, limit: Int?, maxBytes: Int?) throws(LogError) -> [LogRow]
}

extension LogReader: EventSource {}

/// One event as it was read: its record, decoded and found canonical, and the chain hash there.
package struct StoredEvent: Sendable {
    package var record: EncodedRecord
    package var chain: Hash256

    package var seq: Seq { record.seq }
    package var item: EncodedItem { record.item }

    package init(_ row: LogRow) throws(ProjectionError) {
        do {
            record = try EncodedRecord(validating: row.record, hash: row.recordHash)
        } catch { throw .recordMalformed(seq: row.seq, error) }
        guard record.seq == row.seq else {
            throw .recordMalformed(
                seq: row.seq, .inconsistent("it calls itself seq \(record.seq)"))
        }
        chain = row.chain
    }
}

extension EventSource {
    /// One event; throws `beyondHead` where there is none.
    package func event(at seq: Seq) throws(ProjectionError) -> StoredEvent {
        guard let row = try page(from: seq, limit: 1).first, row.seq == seq else {
            throw .beyondHead(seq: seq, head: try headSeq)
        }
        return try StoredEvent(row)
    }

    /// The chain hash at a seq; nil behind the head.
    package func chain(at seq: Seq) throws(ProjectionError) -> Hash256? {
        seq == .zero ? logID.chainOrigin : try page(from: seq, limit: 1).first?.chain
    }

    package var headSeq: Seq {
        get throws(ProjectionError) {
            do { return try head.seq } catch { throw .log(error) }
        }
    }

    func page(from first: Seq, limit: Int?) throws(ProjectionError) -> [LogRow] {
        do {
            return try rows(from: first, limit: limit, maxBytes: nil)
        } catch { throw .log(error) }
    }
}
