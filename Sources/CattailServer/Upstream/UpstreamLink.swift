internal import EndpointModel
internal import Logging
internal import NIOCore
internal import ReplicaCore
internal import SyncProtocol
internal import SyncTransport

/// A follower's tie to whoever is above it in the tree: dials, subscribes to the log from where
/// this node's own log ends, hands the records to the commit thread, and dials again for ever.
///
/// The state lives on the serving loop; this handle may be held anywhere.
final class UpstreamLink: Sendable {
    let health: NodeHealth
    private let state: NIOLoopBound<UpstreamState>
    private let loop: any EventLoop

    init(_ configuration: NodeConfiguration, loop: any EventLoop) async throws {
        let health = NodeHealth()
        self.health = health
        self.loop = loop
        state = try await loop.submit {
            NIOLoopBound(
                UpstreamState(configuration, loop: loop, health: health), eventLoop: loop)
        }.get()
    }

    /// Which log the upstream holds; waits until one is reached.
    func askForLog() async throws -> LogID {
        let state = state
        return try await loop.flatSubmit { state.value.askForLog() }.get()
    }

    /// Replicates from `position` on. The future fails when this node's log can never be
    /// continued by what its upstream has.
    func start(
        at position: Position, as replica: Replica, committer: CommitThread,
        judging: @escaping @Sendable (ServerHello, ServerAddress) -> UpstreamVerdict,
        tell: @escaping @Sendable (StandingChange) -> Void
    ) -> EventLoopFuture<Void> {
        let state = state
        return loop.flatSubmit {
            state.value.start(
                at: position, as: replica, committer: committer, judging: judging, tell: tell)
        }
    }

    /// The commit thread could not take what upstream sent.
    func refuse(_ fault: IntakeFault, from link: UInt64) {
        let state = state
        loop.execute { state.value.refuse(fault, from: link) }
    }

    /// This node leads: it follows nobody any more. On the serving loop, as all below.
    func retire() { state.value.close() }
    /// What happens once a second.
    func tick() { state.value.tick() }
    /// What this node has promised, and with it whom it may follow, has changed.
    func judgeAgain() { state.value.judgeAgain() }
    /// Who may be followed beside the upstreams that were named, if it leads.
    func noteFallbacks(_ addresses: [ServerAddress]) { state.value.noteFallbacks(addresses) }

    /// Everything up to the position is durable here. On the serving loop.
    func stored(_ position: Position) { state.value.stored(position) }

    func close() async {
        let state = state
        try? await loop.submit { state.value.close() }.get()
    }
}

/// Who replicates, as its upstream is told (R46).
struct Replica: Hashable, Sendable {
    let nodeID: NodeID?
    /// Where it serves.
    let advertise: String
}

/// What of a node's standing its subscribers are to be told, as its health then has it.
enum StandingChange {
    case staleness
    case path
}

/// Why a follower cannot go on at all.
package struct UpstreamMismatch: Error, CustomStringConvertible {
    // error-codes
    package var code: String { "wrong-log" }
    let own: LogID
    let upstream: String

    package var description: String { "\(code): \(what); \(remedy)" }
    /// Both are named.
    package var what: String { "this data directory holds log \(own), the upstream \(upstream)" }
    package var remedy: String { "name another upstream, or an empty data directory" }
}
