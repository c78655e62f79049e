public import EndpointModel

/// One event of the log with the chain hash at it.
public struct LogEntry: Sendable {
    /// The event's bytes: item and audit part. Both are decoded when asked for.
    public var record: EncodedRecord
    /// The chain hash behind the event: it fixes the event and all before it.
    public var chain: Hash256

    /// An event as a server or a subscription gives it.
    public init(record: EncodedRecord, chain: Hash256) {
        self.record = record
        self.chain = chain
    }

    /// The event's number.
    public var seq: Seq { record.seq }
}

/// One endpoint that two states differ in: created when there is no `before`, deleted when there
/// is no `after`.
public struct EndpointDifference: Sendable {
    /// As it was in the first state.
    public var before: EncodedItem?
    /// As it is in the second.
    public var after: EncodedItem?

    /// Of two versions of one endpoint.
    public init(before: EncodedItem?, after: EncodedItem?) {
        self.before = before
        self.after = after
    }
}

/// What a check of a log found.
public struct LogVerification: Sendable {
    /// How many events were checked.
    public var checked: UInt64
    /// Up to where the log was checked.
    public var head: Position
    /// The first seq that is missing or wrong; nil: the log is whole.
    public var firstBad: Seq?
    /// Why it is wrong, for people; of a log that is whole, from which event on the checker knew no
    /// rules, or empty.
    public var why: String

    /// Without `firstBad`: a log that is whole.
    public init(checked: UInt64, head: Position, firstBad: Seq? = nil, why: String = "") {
        self.checked = checked
        self.head = head
        self.firstBad = firstBad
        self.why = why
    }
}
