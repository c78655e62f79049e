/// The codes that the command line itself gives; others come from the modules as they are. All
/// stand in `docs/error-codes.md`.
// error-codes
enum FaultCode {
    /// What is to be made is there.
    static let alreadyExists = "already-exists"
    /// A copy of a log has come without its anchor.
    static let anchorMissing = "anchor-missing"
    /// The command was ended before it was done.
    static let cancelled = "cancelled"
    /// An endpoint has another resourceVersion or uid than a patch names.
    static let conflict = "conflict"
    /// A log does not hold what it must.
    static let damaged = "damaged"
    /// `status --check`: the node serves no state.
    static let eventUnknown = "event-unknown"
    /// Whatever has no code of its own.
    static let failed = "failed"
    /// `status --check`: the node's history is not its upstream's.
    static let historyOther = "history-other"
    /// What `-f` names is not there.
    static let fileMissing = "file-missing"
    /// It is there and cannot be read.
    static let fileUnreadable = "file-unreadable"
    /// A document or an endpoint breaks a rule.
    static let invalid = "invalid"
    /// A label that is to be removed is not there.
    static let labelMissing = "label-missing"
    /// A label has another value already.
    static let labelPresent = "label-present"
    /// `status --check`: too far behind.
    static let lagging = "lagging"
    /// An entry of an etcd dump is none of a workload endpoint.
    static let keyForeign = "key-foreign"
    /// A document is of another namespace than `-n`.
    static let namespaceMismatch = "namespace-mismatch"
    /// The input holds none.
    static let noDocuments = "no-documents"
    /// There is no such endpoint.
    static let notFound = "not-found"
    /// A number is beyond what can be made.
    static let outOfRange = "out-of-range"
    /// Results cannot be written.
    static let outputFailed = "output-failed"
    /// A point is before what the log keeps.
    static let positionCompacted = "position-compacted"
    /// An answer makes no sense.
    static let protocolBroken = "protocol-broken"
    /// Pruning would delete too much, or too little is known.
    static let pruneRefused = "prune-refused"
    /// `status --check`: the node takes no writes.
    static let readOnly = "read-only"
    /// The bytes of an event are not what they must be.
    static let recordMalformed = "record-malformed"
    /// A selector does not parse.
    static let selectorInvalid = "selector-invalid"
    /// `status --check`: cut off from the upstream.
    static let stale = "stale"
    /// The command line makes no sense; exit code 64.
    static let usage = "usage"
    /// A text is of another shape than was asked for.
    static let wrongShape = "wrong-shape"
}
