public import EndpointModel

/// One event of the log with the chain hash at it.
public struct LogEntry: Sendable {
    public var record: EncodedRecord
    public var chain: Hash256

    public init(record: EncodedRecord, chain: Hash256) {
        self.record = record
        self.chain = chain
    }

    public var seq: Seq { record.seq }
}

/// One endpoint that two states differ in: created when there is no `before`, deleted when there
/// is no `after`.
public struct EndpointDifference: Sendable {
    public var before: EncodedItem?
    public var after: EncodedItem?

    public init(before: EncodedItem?, after: EncodedItem?) {
        self.before = before
        self.after = after
    }
}

/// What a check of a log found.
public struct LogVerification: Sendable {
    /// How many events were checked.
    public var checked: UInt64
    public var head: Position
    /// The first seq that is missing or wrong; nil: the log is whole.
    public var firstBad: Seq?
    public var why: String

    public init(checked: UInt64, head: Position, firstBad: Seq? = nil, why: String = "") {
        self.checked = checked
        self.head = head
        self.firstBad = firstBad
        self.why = why
    }
}
