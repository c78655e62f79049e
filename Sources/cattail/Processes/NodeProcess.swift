internal import CattailServer
internal import Glibc
internal import Synchronization
internal import UnixSignals

/// A command that sets up the process's log by its own flags.
protocol NodeCommand {}

/// Runs a node until a signal has drained it.
enum NodeProcess {
    /// - Parameter start: makes the node, which serves when this returns.
    static func run(_ start: () async throws -> Node) async throws {
        let signals = NodeSignals()
        // Trapped before the node is ready, so that no signal finds nobody.
        let sequence = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in sequence { signals.received(signal) }
            }
            defer { group.cancelAll() }
            let node = try await start()
            signals.started(node)
            try Console.output.line(node.readyLine)
            try Console.output.flush()
            try await node.run()
        }
    }
}

/// What signals do to a node: the first drains it, SIGINT while it drains ends it at once. SIGHUP
/// has it read certificates anew.
private final class NodeSignals: Sendable {
    private enum Phase {
        /// There is nothing to drain yet; `started` ends this.
        case starting
        /// Until the first signal.
        case running(Node)
        /// Until the node has ended.
        case draining
    }

    /// What a shell shows of a process that SIGINT ended.
    private static let interruptedCode: Int32 = 130
    private let phase = Mutex(Phase.starting)

    func started(_ node: Node) { phase.withLock { $0 = .running(node) } }

    private func renew() {
        phase.withLock { phase in
            switch phase {
            case .starting, .draining: break  // It reads them yet, or needs them no more.
            case .running(let node): node.renewCertificates()
            }
        }
    }

    func received(_ signal: UnixSignal) {
        guard signal != .sighup else { return renew() }
        phase.withLock { phase in
            switch phase {
            case .starting: exit(0)
            case .running(let node):
                phase = .draining
                node.beginDrain()
            case .draining: if signal == .sigint { _exit(Self.interruptedCode) }
            }
        }
    }
}
