import CattailClient
import EndpointModel
import EndpointState

/// The code of the articles about following.
public enum FollowingSamples {
    /// Follows what a selector selects; ends when the task is cancelled.
    public static func follow(
        _ client: EndpointClient, show: (SubscriptionStatus) -> Void,
        program: (EndpointChanges) throws -> Void
    ) async throws {
        // snippet.follow
        let selector = try Selector(parsing: "app == 'web' && !has(canary)")
        let subscription = client.subscribe(
            SubscriptionConfiguration(selection: Selection(selector: selector)))

        for try await update in subscription {
            switch update {
            case .status(let status): show(status)
            case .changes(let batch): try program(batch)
            }
        }
        // snippet.end
    }

    /// Keeps a table of addresses current.
    public static func program(
        _ batch: EndpointChanges, into addresses: inout [EndpointKey: [String]]
    ) throws {
        // snippet.changes
        for change in batch.changes {
            switch change {
            case .put(let item): addresses[item.key] = try item.endpoint().spec.ipNetworks
            case .removal(let key, _): addresses[key] = nil
            }
        }
        // snippet.end
    }

    /// A subscription that goes on where another left off, and what is known before any server is.
    public static func resume(_ client: EndpointClient, node: String, path: String)
        -> (EndpointSubscription, known: EndpointSet)
    {
        // snippet.cache
        let subscription = client.subscribe(
            SubscriptionConfiguration(selection: Selection(node: node), cache: .file(path)))
        let known = subscription.snapshot()
        // snippet.end
        return (subscription, known)
    }

    // snippet.fresh
    /// Whether a server was heard in the last five minutes; not when none ever was.
    public static func isFresh(_ subscription: EndpointSubscription) -> Bool {
        guard let age = subscription.age else { return false }
        return age < .seconds(300)
    }
    // snippet.end

    /// Hands over each event behind a position, with who caused it; ends when the task is
    /// cancelled.
    public static func audit(
        _ client: EndpointClient, after position: Position?,
        show: (Seq, EndpointKey, _ actor: String) throws -> Void
    ) async throws {
        // snippet.log
        for try await update in client.followLog(after: position) {
            guard case .events(let batch) = update else { continue }
            for entry in batch.entries where entry.record.item.kind != .control {
                try show(entry.seq, entry.record.item.key, entry.record.audit().actor)
            }
        }
        // snippet.end
    }
}
