package import EndpointModel
internal import SQLiteStore

extension LogWriter {
    /// Takes everything behind `seq` out of the log, because a later leader's history goes on from
    /// there without it (G10). It is in a file of its own first, synced and renamed; then the anchor
    /// stops naming it; then one transaction removes it and says so in `meta`. Whatever interrupts
    /// that, the tail is in the log or in its file, and the same call again ends it.
    ///
    /// - Parameter epochNumber: Of the last event, which names the file.
    package func stepDown(behind seq: Seq, epochNumber: UInt64) throws(LogError) {
        let tables = try tables()
        guard seq < head.seq else { return }
        let parting =
            seq == .zero
            ? LogHead.origin(of: logID)
            : LogHead(seq: seq, chain: try chain(at: seq))
        try OrphanFile.write(
            in: directory.path, of: tables.queries, behind: parting, to: head,
            epochNumber: epochNumber, on: settings.disk)
        let rest = try LogInspection.requests(tables.connection, path, upTo: parting.seq)
        // Both slots: the newer would do, but the older is what a torn write falls back to.
        for _ in 0..<2 { try anchor.write(parting, logID, rest) }
        try anchor.sync()
        do {
            try tables.connection.execute("BEGIN IMMEDIATE")
            try tables.connection.execute("DELETE FROM events WHERE seq > \(seq)")
            try tables.connection.execute("DELETE FROM requests WHERE seq > \(seq)")
            try LogMeta.noteRemoval(
                of: seq.next...head.seq, endingIn: head.chain, epochNumber: epochNumber,
                into: tables.connection)
            try tables.connection.execute("COMMIT")
        } catch { throw fail("the tail could not be removed: \(error.description)") }
        head = parting
        requests = rest
        tables.queries.forget()
        _ = try checkpoint(tables, .truncate)
    }

    private func chain(at seq: Seq) throws(LogError) -> Hash256 {
        guard let row = try row(at: seq) else {
            throw .damaged(path: path, firstBad: seq, reason: "it cannot be found")
        }
        return row.chain
    }
}
