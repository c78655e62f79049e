internal import EndpointModel
internal import NIOConcurrencyHelpers
internal import ReplicaLog
internal import SyncProtocol

/// What the threads of a node know of its health and others ask for.
final class NodeHealth: LogHealth {
    struct Report: Sendable {
        /// Why nothing is written; nil while the log takes writes.
        var readOnly: String?
        /// Since when a follower has not heard its upstream.
        var staleSince: Timestamp?
        /// Since when this node has not held what it heard of its upstream's log; nil while it does.
        var behindSince: Timestamp?
        /// Where this node's history and its upstream's are two; until they go on as one.
        var parting: Parting?
        /// The leader's advertised address, as far as this node knows.
        var leader = ""
        var upstream = ""
        /// The followers through which the log comes, this node last.
        var path: [NodeID] = []
        /// The head of the first upstream's log that was heard of; nil before.
        var firstHead: Seq?
        /// The head of upstream's log as it said last.
        var upstreamHead = Seq.zero
    }

    private let report = NIOLockedValueBox(Report())

    var now: Report { report.withLockedValue { $0 } }

    func noteWritable() { report.withLockedValue { $0.readOnly = nil } }
    func noteReadOnly(_ why: String) { report.withLockedValue { $0.readOnly = why } }
    func update(_ change: (inout Report) -> Void) { report.withLockedValue(change) }
}

/// A follower's log that is not its upstream's: what it holds, and what the upstream said (G4).
struct Parting: Equatable, Sendable {
    static let code = GoodbyeCode.historyOther

    let held: Position
    let upstream: String
    let reason: String

    var description: String {
        "the log here is not on the history of \(upstream), which has another event at or before seq"
            + " \(held.seq), where the chain hash here is \(held.chain): \(reason)"
    }
}
