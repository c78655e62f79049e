import CattailClient
import EndpointModel
import EndpointState
import Glibc

/// Follows the endpoints of one node and prints what changes:
///
///     swift run WatchEndpoints 127.0.0.1:5474 node-00017 endpoints.cache
///
/// Kill it, change something, start it again: it goes on where it was.
@main
enum Watch {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3 else {
            print("usage: WatchEndpoints SERVER[,SERVER] NODE CACHE")
            exit(64)
        }
        do {
            try await follow(servers: arguments[0], node: arguments[1], cache: arguments[2])
        } catch {
            // What no further attempt can mend; all else shows as a status.
            print("error: \(error)")
            exit(1)
        }
    }

    static func follow(servers: String, node: String, cache: String) async throws {
        // snippet.watch
        let client = EndpointClient(
            configuration: try ClientConfiguration(servers: servers, actor: "watch-endpoints"))
        let subscription = client.subscribe(
            SubscriptionConfiguration(selection: Selection(node: node), cache: .file(cache)))
        print("\(subscription.snapshot().count) endpoints are known from before")

        for try await update in subscription {
            switch update {
            case .status(let status): print("-- \(status)")
            case .changes(let batch): for change in batch.changes { print(try line(change)) }
            }
        }
        // snippet.end
    }

    static func line(_ change: EndpointChange) throws -> String {
        switch change {
        case .removal(let key, let seq): return "\(seq) gone \(key)"
        case .put(let item):
            // Fields are decoded when asked for, and not before.
            let networks = try item.endpoint().spec.ipNetworks
            return "\(item.seq) here \(item.key) \(networks.joined(separator: " "))"
        }
    }
}
