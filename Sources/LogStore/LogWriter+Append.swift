internal import EndpointModel
internal import SQLiteStore

extension LogWriter {
    /// Appends a batch: one transaction, one fsync; when it returns, the batch survives power
    /// loss (G1) and the anchor names it.
    ///
    /// Throws `batchRefused`, `requestRepeated`, `spaceLow` and `unavailable` when nothing was
    /// written; `outcomeUnknown` when a write failed, after which the writer is suspect.
    @discardableResult
    package func append(_ entries: [LogEntry]) throws(LogError) -> LogHead {
        let tables = try tables()
        guard let last = entries.last else { return head }
        try check(entries)
        try admit(entries, tables)
        do { try tables.inserts.write(entries) } catch { throw judge(error) }
        var buffer: [UInt8] = []
        for entry in entries {
            entry.request?.withBytes(&buffer) { requests.add($0, entry.head.seq) }
        }
        head = last.head
        do { try anchor.write(head, logID, requests) } catch {
            throw fail("the anchor could not be written: \(error.description)")
        }
        return head
    }

    /// Holds each row to its hashes and to the row before it, so that a gap, a repeat or another
    /// history can never be stored (G2, G4).
    private func check(_ entries: [LogEntry]) throws(LogError) {
        var link = head
        for entry in entries {
            let head = entry.head
            if let fault = entry.fault(after: link) {
                throw .batchRefused(seq: head.seq, reason: fault)
            }
            guard entry.recordBytes <= settings.limits.recordBytes, head.seq <= Seq.last else {
                throw .batchRefused(
                    seq: head.seq, reason: "its record of \(entry.recordBytes) bytes is too large")
            }
            link = head
        }
    }

    /// Keeps the disk from filling up. A volume that cannot be asked is not held against it.
    private func admit(_ entries: [LogEntry], _ tables: Tables) throws(LogError) {
        guard let volume = settings.volumeSpace(directory.path) else { return }
        let perRow = 256
        let bytes = entries.reduce(0) { $0 + $1.recordBytes + perRow }
        let needed = space.admit(
            batchBytes: UInt64(bytes), walBytes: UInt64(uncopiedBytes(tables)), volume: volume)
        guard let needed else { return }
        throw .spaceLow(
            directory: directory.path, freeBytes: volume.freeBytes, neededBytes: needed)
    }

    private func judge(_ failure: LogInserts.Failure) -> LogError {
        switch failure {
        case .notBegun(let error): .unavailable(path: path, reason: error.description)
        case .requestRepeated: .requestRepeated(path: path)
        case .unknown(let error): fail(error.description)
        }
    }

    /// A write failed: gives the connection up and answers that the outcome is unknown. A failed
    /// mutation is never said not to have happened.
    func fail(_ cause: String) -> LogError {
        state = .suspect(cause: cause)
        return .outcomeUnknown(path: path, cause: cause)
    }
}
