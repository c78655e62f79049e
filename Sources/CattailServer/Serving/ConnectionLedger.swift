/// Which connections are served, as a value: how many stand, in all and from each host, and which
/// selections each host follows. What is over a limit is told so, and may come back later.
package struct ConnectionLedger: Sendable {
    package enum Verdict: Hashable, Sendable {
        case served
        /// Why not, for the peer.
        case overLimit(String)
    }

    private let limits: ServingLimits
    private var hosts: [String: Host] = [:]
    package private(set) var served = 0

    private struct Host {
        var connections = 0
        /// By selection, how many connections follow it.
        var selections: [String: Int] = [:]
    }

    package init(limits: ServingLimits) { self.limits = limits }

    /// A connection has been accepted. One that is served leaves again by `ended`.
    package mutating func begun(from host: String) -> Verdict {
        guard served < limits.connections else {
            return .overLimit("this node serves \(limits.connections) connections already")
        }
        if let most = limit(limits.connectionsPerHost, of: host),
            hosts[host, default: Host()].connections >= most
        {
            return .overLimit("\(host) has \(most) connections to this node already")
        }
        served += 1
        hosts[host, default: Host()].connections += 1
        return .served
    }

    /// It subscribes; once for each connection. One that is served leaves the selection by `ended`.
    package mutating func follows(_ selection: String, from host: String) -> Verdict {
        let followed = hosts[host]?.selections ?? [:]
        if let most = limit(limits.selectionsPerHost, of: host), followed[selection] == nil,
            followed.count >= most
        {
            return .overLimit("\(host) follows \(most) selections at this node already")
        }
        hosts[host, default: Host()].selections[selection, default: 0] += 1
        return .served
    }

    /// It follows another selection instead: its rights have changed, which is no wish of its own.
    package mutating func moved(from host: String, _ old: String, to new: String) {
        guard var found = hosts[host] else { return }
        if let count = found.selections[old] {
            found.selections[old] = count > 1 ? count - 1 : nil
        }
        found.selections[new, default: 0] += 1
        hosts[host] = found
    }

    /// A connection that was served is over, with what it followed.
    package mutating func ended(from host: String, following selection: String?) {
        served -= 1
        guard var found = hosts[host] else { return }
        found.connections -= 1
        if let selection, let count = found.selections[selection] {
            found.selections[selection] = count > 1 ? count - 1 : nil
        }
        hosts[host] = found.connections > 0 ? found : nil
    }

    /// Loopback is one machine's many processes, each with its own right.
    private func limit(_ limit: ServingLimits.PerHost, of host: String) -> Int? {
        switch limit {
        case .everyHost(let most): most
        case .otherMachines(let most): Self.isLoopback(host) ? nil : most
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        host.hasPrefix("127.") || host == "::1" || host.hasPrefix("::ffff:127.")
    }
}
