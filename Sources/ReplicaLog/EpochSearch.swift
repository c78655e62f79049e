package import EndpointModel
package import LogStore
package import SyncProtocol

/// Where the epochs of a log began. The epoch's number stands in each record and never goes back,
/// so that each beginning is found by halving: no index is needed, and no scan.
package enum EpochSearch {
    /// Newest first, no more than hellos tell.
    package static func epochs(in reader: LogReader, head: Seq) throws -> [Fork] {
        var found: [Fork] = []
        var last = head
        while last > .zero, found.count < Limits.forks {
            let first = try begin(of: try number(at: last, reader), upTo: last, reader)
            guard case .epoch(let epoch)? = try control(at: first, reader) else {
                throw LogError.damaged(
                    path: reader.path, firstBad: first, reason: "an epoch begins without its event")
            }
            found.append(Fork(epoch: epoch, firstSeq: first))
            last = Seq(first.rawValue - 1)
        }
        return found
    }

    private static func begin(of number: UInt64, upTo last: Seq, _ reader: LogReader) throws -> Seq
    {
        var (low, high) = (1 as UInt64, last.rawValue)
        while low < high {
            let middle = low + (high - low) / 2
            if try self.number(at: Seq(middle), reader) < number {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return Seq(low)
    }

    private static func record(at seq: Seq, _ reader: LogReader) throws -> EncodedRecord {
        guard let row = try reader.row(at: seq) else {
            throw LogError.damaged(path: reader.path, firstBad: seq, reason: "it cannot be found")
        }
        return try EncodedRecord(validating: row.record)
    }

    private static func number(at seq: Seq, _ reader: LogReader) throws -> UInt64 {
        try record(at: seq, reader).audit().epochNumber
    }

    private static func control(at seq: Seq, _ reader: LogReader) throws -> ControlEvent? {
        let item = try record(at: seq, reader).item
        return item.kind == .control ? try item.control() : nil
    }
}
