internal import Glibc
internal import Logging

/// How many descriptors this process may have, and how many connections that leaves room for.
package struct Descriptors: Equatable {
    /// What a process may have now, after `raise`.
    package let available: Int

    package init(available: Int) { self.available = available }

    /// For the log, views, their readers and what else is opened while connections come and go:
    /// a node that has none left for its own files could serve nobody.
    static let reserve = 128
    /// What `CLI.md` promises.
    static let promisedConnections = 12_000
    /// Linux gives no process more unless it is told to.
    private static let most = 1 << 20

    // error-codes
    private static var fewCode: String { "few-descriptors" }

    /// So many connections may stand.
    package func connections(wanted: Int) -> Int { max(1, min(wanted, available - Self.reserve)) }

    /// Raises the soft limit to the hard one: the soft one is made for programs that use `select`.
    package static func raise() -> Descriptors {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 else {
            return Descriptors(available: 1_024)
        }
        let wanted = min(limit.rlim_max, rlim_t(most))
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = wanted
            if setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &raised) == 0 {
                limit = raised
            }
        }
        return Descriptors(available: Int(clamping: limit.rlim_cur))
    }

    func report(connections: Int, to logger: Logger) {
        guard connections < Self.promisedConnections else {
            logger.info(
                "descriptors",
                metadata: ["available": "\(available)", "connections": "\(connections)"])
            return
        }
        logger.warning(
            "few descriptors: fewer connections fit than Cattail promises; raise the hard limit",
            metadata: [
                "code": "\(Self.fewCode)", "available": "\(available)",
                "connections": "\(connections)",
                "needed": "\(Self.promisedConnections + Self.reserve)",
            ])
    }
}
