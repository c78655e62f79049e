package import EndpointModel
package import EndpointState

/// The events of one commit, durable at this node and folded: what the feeds are given.
package struct CommittedBatch: Sendable {
    /// In the order of their seqs, without a gap.
    package let records: [EncodedRecord]
    /// The same events as the fold saw them.
    package let changes: [EndpointView.Change]
    /// Behind the last of them.
    package let position: Position

    package init(
        records: [EncodedRecord], changes: [EndpointView.Change], position: Position
    ) {
        self.records = records
        self.changes = changes
        self.position = position
    }
}

extension CommittedBatch {
    /// The same in pieces, each of which ends where rights change or the batch does: what comes
    /// behind new rights is given to nobody by the old ones (G13).
    ///
    /// - Parameter base: Behind the last event before.
    package func cutAtRights(behind base: Position) -> [CommittedBatch] {
        let cuts = records.indices.filter { records[$0].item.isRights }
        guard let last = cuts.last, !(cuts.count == 1 && last == records.count - 1) else {
            return [self]
        }
        var pieces: [CommittedBatch] = []
        var position = base
        var start = 0
        for index in records.indices {
            position = position.followed(by: records[index])
            guard index == records.count - 1 || cuts.contains(index) else { continue }
            pieces.append(
                CommittedBatch(
                    records: Array(records[start...index]), changes: Array(changes[start...index]),
                    position: position))
            start = index + 1
        }
        return pieces
    }

    /// Whether its last event says new rights.
    package var endsInRights: Bool { records.last?.item.isRights == true }
}

extension EncodedItem {
    fileprivate var isRights: Bool {
        guard kind == .control, case .rights? = try? control() else { return false }
        return true
    }
}

extension Position {
    fileprivate func followed(by record: EncodedRecord) -> Position {
        var epoch = epoch
        if record.item.kind == .control, case .epoch(let begun)? = try? record.item.control() {
            epoch = begun
        }
        return Position(
            logID: logID, epoch: epoch, seq: record.seq, chain: chain.followed(by: record.hash))
    }
}
