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
