package import EndpointModel

/// Why a leader does not start over a directory whose log is sound.
package enum LeaderRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// It is a follower's: its leader may write on in the same epoch, and of one epoch there must
    /// be one history (G4, G10).
    case followerDirectory(String)
    /// Events would be stamped with the log's last time until the clock is there again.
    case clockBehind(now: Timestamp, last: Timestamp)

    // error-codes
    package var code: String {
        switch self {
        case .followerDirectory: "follower-directory"
        case .clockBehind: "clock-behind"
        }
    }

    package var what: String {
        switch self {
        case .followerDirectory(let path):
            "\(path) is a follower's, as \(NodeIDFile.name) there says: the leader of its log is"
                + " another"
        case .clockBehind(let now, let last):
            "the clock says \(now), and the log's last event is of \(last)"
        }
    }

    package var remedy: String {
        switch self {
        case .followerDirectory: "start it with `cattail follower`"
        case .clockBehind:
            "set the machine's clock; if the log's time is the wrong one, --accept-clock-behind"
        }
    }

    package var description: String { "\(code): \(what); \(remedy)" }
}
