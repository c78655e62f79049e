import CattailClient
import EndpointModel

/// Follows the endpoints of one node and prints what changes:
///
///     swift run WatchEndpoints 127.0.0.1:5474 node-00017 /var/lib/agent/endpoints.cache
///
/// Kill it, change something, start it again: it goes on where it was.
@main
struct WatchEndpoints {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let servers = arguments.first else {
            print("usage: WatchEndpoints SERVER[,SERVER] NODE CACHE")
            return
        }
        let configuration = try ClientConfiguration(servers: servers, actor: "watch-endpoints")
        let subscription = EndpointSubscription(
            configuration: configuration,
            subscription: SubscriptionConfiguration(
                selection: Selection(node: arguments[arguments.startIndex + 1]),
                cache: .file(arguments[arguments.startIndex + 2])))

        for try await update in subscription {
            switch update {
            case .status(let status): print("-- \(status)")
            case .changes(let batch): for change in batch.changes { print(line(change)) }
            }
        }
    }

    private static func line(_ change: EndpointChange) -> String {
        switch change {
        case .removal(let key, let seq): return "\(seq) gone \(key)"
        case .put(let item):
            // Fields are decoded when asked for, and not before.
            let networks = (try? item.endpoint())?.spec.ipNetworks ?? []
            return "\(item.seq) here \(item.key) \(networks.joined(separator: " "))"
        }
    }
}
