package import EndpointModel
package import SyncProtocol

/// What is subscribed to and how far it has come: that in which the subscriptions to endpoints
/// and to the log differ.
package protocol SubscribedSubject: Sendable {
    /// What one mark brings.
    associatedtype Batch: Sendable
    /// What the subscriber is told.
    associatedtype Update: Sendable

    /// Up to where it has come; nil before the first mark.
    var position: Position? { get }

    mutating func resyncReceived(_ resync: Resync) -> ResyncOutcome
    /// Takes changes or records, which count only from their mark on.
    mutating func stage(_ message: ServerMessage) -> StagingOutcome
    /// Everything between this mark and the one before is judged and taken, or nothing of it.
    mutating func markReceived(_ mark: Mark) -> MarkOutcome<Batch>
    /// What was staged is worth no more, except what another connection may go on with.
    mutating func connectionEnded()
    /// What the server said did not fit what is held.
    mutating func forfeit()

    static func update(_ status: SubscriptionStatus) -> Update
    static func update(_ batch: Batch) -> Update
    /// Whether the mark said what must be held, and it was.
    static func isProven(_ batch: Batch) -> Bool
    /// What the server is told of the state at the mark; nil for what has none.
    static func digest(of batch: Batch) -> StateDigest?
    /// Whether no server would say anything else to the same hello.
    static func ends(on code: GoodbyeCode) -> Bool
}

package enum ResyncOutcome {
    case announced(ResyncKind)
    /// Taking this would go back in time unseen (G7).
    case behind
    case diverged(Divergence)
}

package enum StagingOutcome {
    case staged
    case diverged(Divergence)
}

package enum MarkOutcome<Batch> {
    case applied(Batch)
    case diverged(Divergence)
}

extension HeldState: SubscribedSubject {
    package mutating func stage(_ message: ServerMessage) -> StagingOutcome {
        // The session lets nothing else through to a subscriber of state.
        guard case .changes(let changes) = message else { return .staged }
        return changesReceived(changes.changes)
    }

    package static func update(_ status: SubscriptionStatus) -> EndpointUpdate { .status(status) }
    package static func update(_ batch: EndpointChanges) -> EndpointUpdate { .changes(batch) }

    package static func isProven(_ batch: EndpointChanges) -> Bool {
        switch batch.mark.check {
        case .verified: true
        case .notCompared: false
        }
    }

    package static func digest(of batch: EndpointChanges) -> StateDigest? { batch.mark.digest }
    package static func ends(on code: GoodbyeCode) -> Bool { code.isPermanent }
}
