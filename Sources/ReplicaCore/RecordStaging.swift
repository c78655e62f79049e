package import EndpointModel

/// What came from upstream and waits for its mark. So much may wait; what is beyond is handed on
/// to be checked and stored before its mark comes (R45).
///
/// The rejected design is to store at marks alone: an upstream that sends none would fill the
/// memory, and one whose commits are larger than the bound could not be followed. What is handed
/// on unmarked is checked as everything is, and its mark is compared when it comes.
package struct RecordStaging: Sendable {
    package struct Limits: Sendable {
        /// More than a leader commits at a time: a mark ordinarily comes first, and then one
        /// transaction here stores what one there did.
        package var records = 4_096
        /// The same in bytes. One message more may be in hand when the bound is met.
        package var bytes = 16 << 20

        package init() {}
    }

    /// Records to be checked and stored, and the position that they lead to, once that is known.
    package struct Portion: Sendable {
        package let records: [EncodedRecord]
        package let byteCount: Int
        package let mark: Position?
    }

    private let limits: Limits
    private var records: [EncodedRecord] = []
    private var byteCount = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// What is to be handed on now, if so much waits.
    package mutating func stage(_ arrived: [EncodedRecord]) -> Portion? {
        records += arrived
        byteCount += arrived.reduce(0) { $0 + $1.byteCount }
        guard records.count >= limits.records || byteCount >= limits.bytes else { return nil }
        return take(mark: nil)
    }

    /// The mark has come: everything that waits for it, which may be nothing.
    package mutating func marked(_ mark: Position) -> Portion { take(mark: mark) }

    /// The upstream begins anew: what waits will come again.
    package mutating func drop() { _ = take(mark: nil) }

    private mutating func take(mark: Position?) -> Portion {
        defer {
            records = []
            byteCount = 0
        }
        return Portion(records: records, byteCount: byteCount, mark: mark)
    }
}
