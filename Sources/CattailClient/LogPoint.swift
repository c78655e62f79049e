public import EndpointModel
internal import SyncProtocol

/// A point in the log, as people name one.
public enum LogPoint: Hashable, Sendable {
    /// The event with this number; 0 is before the first.
    case seq(Seq)
    /// The last event that is not after this moment.
    case time(Timestamp)
    /// That long before now, by the server's clock; in microseconds.
    case age(microseconds: UInt64)
}

extension LogPoint {
    var wire: Point {
        switch self {
        case .seq(let seq): .seq(seq)
        case .time(let time): .time(time)
        case .age(let microseconds): .age(microseconds: microseconds)
        }
    }
}

extension Selection {
    /// As the protocol asks for it; `all()` goes without saying.
    var wire: SelectionRequest {
        SelectionRequest(
            selector: selector == .all ? "" : selector.description, node: node,
            namespace: namespace)
    }
}
