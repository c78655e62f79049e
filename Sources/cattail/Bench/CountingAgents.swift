internal import CattailClient
internal import EndpointModel
internal import NIOCore
internal import NIOPosix
internal import SyncProtocol
internal import SyncTransport
internal import Synchronization

/// Agents of this process that only count bytes, on its event loops. They come all at once, and do
/// not come back.
final class CountingAgents: AgentGroup {
    private struct Counter: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<ByteCounter>
        let inSync: EventLoopFuture<Void>
    }

    private struct Loop: Sendable {
        let counts: NIOLoopBound<LoopCounts>
        var counters: [Counter] = []

        func ask<Answer: Sendable>(
            _ question: @escaping @Sendable (LoopCounts, [Counter]) -> Answer
        ) async throws -> Answer {
            let (counts, counters) = (counts, counters)
            return try await counts.eventLoop.submit { question(counts.value, counters) }.get()
        }
    }

    private let selections: [Selection]
    private let configuration: ClientConfiguration
    private let loops = Mutex<[Loop]>([])

    init(_ selections: [Selection], _ configuration: ClientConfiguration) {
        self.selections = selections
        self.configuration = configuration
    }

    func connect() async throws {
        guard configuration.tls == nil else {
            throw UsageFault(
                "--kind bytes counts what TLS hides", remedy: "use --kind cache, or plain TCP")
        }
        var loops: [Loop] = []
        for loop in configuration.eventLoopGroup.makeIterator() {
            let counts = loop.submit { NIOLoopBound(LoopCounts(), eventLoop: loop) }
            loops.append(Loop(counts: try await counts.get()))
        }
        for (index, selection) in selections.enumerated() {
            let loop = index % loops.count
            loops[loop].counters.append(try await counter(selection, loops[loop].counts))
        }
        for counter in loops.flatMap(\.counters) { try await counter.inSync.get() }
        self.loops.withLock { [loops] in $0 = loops }
    }

    private func counter(_ selection: Selection, _ counts: NIOLoopBound<LoopCounts>) async throws
        -> Counter
    {
        let loop = counts.eventLoop
        let asked = SelectionRequest(
            selector: selection.selector == .all ? "" : selection.selector.description,
            node: selection.node)
        let hello = ClientHello(
            role: .state, client: configuration.program, actor: configuration.actor,
            selection: asked, capabilities: .patches)
        let inSync = loop.makePromise(of: Void.self)
        let handler = try await loop.submit {
            NIOLoopBound(ByteCounter(hello, counts.value, inSync: inSync), eventLoop: loop)
        }.get()
        guard let server = configuration.servers.first else {
            throw UsageFault("there is no server", remedy: "name one with --server")
        }
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler.value)
                }
            }
            .connect(host: server.host, port: Int(server.port)).get()
        return Counter(channel: channel, handler: handler, inSync: inSync.futureResult)
    }

    func begin() async throws {
        for loop in loops.withLock({ $0 }) {
            try await loop.ask { counts, _ in counts.tally = AgentTally() }
        }
    }

    func tally() async throws -> AgentTally {
        var sum = AgentTally()
        for loop in loops.withLock({ $0 }) {
            sum.add(try await loop.ask { counts, _ in counts.tally })
        }
        return sum
    }

    func holding(_ seq: Seq) async throws -> Int {
        var sum = 0
        for loop in loops.withLock({ $0 }) {
            sum += try await loop.ask { _, counters in
                counters.count { $0.handler.value.held >= seq }
            }
        }
        return sum
    }

    /// Who counts bytes knows none.
    func digests() async throws -> Set<String> { [] }

    /// None is held back.
    func release() async throws {}

    func close() async {
        for counter in loops.withLock({ $0 }).flatMap(\.counters) {
            try? await counter.channel.close()
        }
    }
}
