internal import EndpointModel
internal import LogStore
internal import Logging
internal import NIOConcurrencyHelpers

/// What the threads of a node know of its health and others ask for.
final class NodeHealth: Sendable {
    struct Report: Sendable {
        /// Why nothing is written; nil while the log takes writes.
        var readOnly: String?
        /// Since when a follower has not heard its upstream.
        var staleSince: Timestamp?
        /// The leader's advertised address, as far as this node knows.
        var leader = ""
        var upstream = ""
        /// The head of upstream's log as it said last.
        var upstreamHead = Seq.zero
    }

    private let report = NIOLockedValueBox(Report())

    var now: Report { report.withLockedValue { $0 } }

    func noteWritable() { report.withLockedValue { $0.readOnly = nil } }
    func noteReadOnly(_ why: String) { report.withLockedValue { $0.readOnly = why } }
    func update(_ change: (inout Report) -> Void) { report.withLockedValue(change) }
}

extension Logger {
    func error(_ message: Message, _ error: LogError) {
        self.error(message, metadata: ["code": "\(error.code)", "error": "\(error.description)"])
    }
}
