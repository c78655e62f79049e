internal import CattailClient
internal import EndpointModel

/// Where the present and the past are read from: a server, or a stopped node's files.
protocol Archive {
    /// What the log was held to when it was opened.
    var anchor: AnchorStanding { get }

    func logID() async throws -> LogID

    /// One endpoint; nil when there was none.
    func item(_ key: EndpointKey, at point: LogPoint?) async throws -> EncodedItem?

    /// The endpoints of a selection in the order of their keys, and the seq that they are of.
    func items(_ selection: Selection, at point: LogPoint?) async throws
        -> (items: [EncodedItem], seq: Seq)

    /// Events in their order, page by page; gives back the last seq that was looked at.
    func events(_ range: EventRange, _ take: ([LogEntry]) throws -> Void) async throws -> Seq

    /// What left the log, tail after tail.
    func orphaned(_ take: ([LogEntry]) throws -> Void) async throws

    /// All events of one endpoint, ascending.
    func history(_ key: EndpointKey) async throws -> [LogEntry]

    /// What differs between two states, in the order of keys.
    func differences(from: LogPoint, to: LogPoint, _ take: ([EndpointDifference]) throws -> Void)
        async throws

    func verify(from seq: Seq) async throws -> LogVerification
}

/// Whether there was an anchor to say up to where the log must go.
enum AnchorStanding: String {
    case held
    case missing
}

/// Which events of the log; both ends belong to it.
struct EventRange: Sendable {
    var from: LogPoint?
    var to: LogPoint?
    var key: EndpointKey?
    /// Empty for every actor.
    var actor = ""
}
