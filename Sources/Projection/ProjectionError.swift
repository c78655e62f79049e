package import EndpointModel
package import EndpointState
package import LogStore

/// Why a view could not be folded, stored or asked for its past.
package enum ProjectionError: Error, Hashable, Sendable {
    /// The log could not be read, or is damaged.
    case log(LogError)
    /// An event's bytes are not one canonical record.
    case recordMalformed(seq: Seq, WireError)
    /// An event cannot follow the ones before it.
    case eventIllegal(FoldError)
    /// The question is about a seq that the log does not have yet.
    case beyondHead(seq: Seq, head: Seq)
    /// The question is about a state that no rule of this version leads to (R19).
    case eventUnknown(UnknownEvent)
    /// The views file can be neither used nor replaced now.
    case viewsUnavailable(path: String, reason: String)

    // error-codes
    package var code: String {
        switch self {
        case .log(let error): error.code
        case .recordMalformed: "record-malformed"
        case .eventIllegal(let error): error.code
        case .beyondHead: "position-ahead"
        case .eventUnknown(let event): event.code
        case .viewsUnavailable: "views-unavailable"
        }
    }

    /// The first seq that is missing or wrong, when this says so.
    package var firstBad: Seq? {
        switch self {
        case .log(let error): error.firstBad
        case .recordMalformed(let seq, _): seq
        case .eventIllegal(let error): error.seq
        case .beyondHead, .eventUnknown, .viewsUnavailable: nil
        }
    }
}

extension ProjectionError: CustomStringConvertible {
    package var description: String { "\(code): \(what); \(remedy)" }

    /// What failed, on which value.
    package var what: String {
        switch self {
        case .log(let error): error.what
        case .recordMalformed(let seq, let error):
            "the record at seq \(seq) is not canonical: \(error)"
        case .eventIllegal(let error): String(error.description.dropFirst("\(code): ".count))
        case .beyondHead(let seq, let head): "seq \(seq) is beyond the head, which is \(head)"
        case .eventUnknown(let event): event.what
        case .viewsUnavailable(let path, let reason): "\(path) cannot be used: \(reason)"
        }
    }

    package var remedy: String {
        switch self {
        case .log(let error): error.remedy
        case .recordMalformed, .eventIllegal:
            "restore the data directory from a copy or from a follower"
        case .beyondHead: "ask for an earlier one"
        case .eventUnknown(let event): event.remedy
        case .viewsUnavailable: "remove the cause, then retry"
        }
    }
}
