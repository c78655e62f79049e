import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import Foundation
import Logging
import NIOCore
import SyncTransport
import Synchronization

/// A real node in this process, on a port of its own, with a directory that outlives it.
final class TestNode: Sendable {
    let address: ServerAddress
    let directory: String
    let readyLine: String
    private let node: Mutex<Node?>
    private let running: Task<Void, any Error>

    private init(_ node: Node, directory: String) {
        self.directory = directory
        address = node.address
        readyLine = node.readyLine
        self.node = Mutex(node)
        running = Task(executorPreference: OwnExecutor.shared) { try await node.run() }
    }

    static func configuration(
        _ directory: String, port: UInt16 = 0, upstream: [ServerAddress] = []
    ) -> NodeConfiguration {
        var logger = Logger(label: "test")
        logger.logLevel =
            ProcessInfo.processInfo.environment["CATTAIL_TEST_LOG"] == nil ? .critical : .trace
        var configuration = NodeConfiguration(
            directory: directory, listen: ServerAddress(host: "127.0.0.1", port: port),
            upstream: upstream, drainTimeout: .seconds(5), logger: logger)
        configuration.limits.upstreamPauses = .milliseconds(5)...(.milliseconds(50))
        configuration.limits.refusalMilliseconds = 5
        return configuration
    }

    static func leader(
        in directory: String, port: UInt16 = 0,
        _ configure: (inout NodeConfiguration) -> Void = { _ in }
    ) async throws -> TestNode {
        var configuration = configuration(directory, port: port)
        configure(&configuration)
        return TestNode(try await Node.leader(configuration), directory: directory)
    }

    static func follower(
        in directory: String, of upstream: ServerAddress..., port: UInt16 = 0,
        _ configure: (inout NodeConfiguration) -> Void = { _ in }
    ) async throws -> TestNode {
        var configuration = configuration(directory, port: port, upstream: upstream)
        configure(&configuration)
        return TestNode(try await Node.follower(configuration), directory: directory)
    }

    /// Drains it and waits for its end; its directory and port are free behind it.
    func stop() async throws {
        node.withLock { $0?.beginDrain() }
        try await ended()
    }

    /// Waits until the node ends by itself.
    func ended() async throws {
        let result = await running.result
        node.withLock { $0 = nil }
        ChildProcess.awaitStarts()
        try result.get()
    }

    func beginDrain() { node.withLock { $0?.beginDrain() } }

    func tick() async throws {
        guard let node = node.withLock({ $0 }) else { return }
        try await node.tick()
    }

    /// Has it look at its certificates' files now, and waits until it has.
    func renewCertificates() async throws {
        guard let node = node.withLock({ $0 }) else { return }
        try await node.renewCertificates().get()
    }

    // MARK: Clients

    func client(actor: String = "test") -> EndpointClient {
        EndpointClient(configuration: .test(address, actor: actor))
    }

    func status(as actor: String = "test") async throws -> NodeStatus {
        let client = client(actor: actor)
        let json = try await client.status()
        await client.close()
        return try JSONDecoder().decode(NodeStatus.self, from: Data(json))
    }

    /// Asks until the status is as wanted: for what nobody announces.
    func status(
        as actor: String = "test", _ what: String,
        until condition: @escaping @Sendable (NodeStatus) -> Bool
    ) async throws -> NodeStatus {
        try await within(20, "status: \(what)") {
            while true {
                let status = try await self.status(as: actor)
                if condition(status) { return status }
                await Task.yield()
            }
        }
    }
}

extension ClientConfiguration {
    static func test(_ servers: ServerAddress..., actor: String = "test") -> ClientConfiguration {
        var configuration = ClientConfiguration(servers: servers, actor: actor)
        configuration.pauses = .milliseconds(5)...(.milliseconds(50))
        return configuration
    }
}

/// What the tests read of a status document.
struct NodeStatus: Decodable, Sendable {
    struct Subscriber: Decodable, Sendable {
        var kind: String
        var seq: UInt64
        var how: String
        var behindEvents: UInt64
        var bytesSent: UInt64
        var nodeID: String?
        var advertise: String?
    }
    struct Views: Decodable, Sendable {
        var seq: UInt64
        var digest: String
        var endpoints: UInt64
        var storedSeq: UInt64
    }
    struct Orphaned: Decodable, Sendable {
        var epoch: UInt64
        var firstSeq: UInt64
        var lastSeq: UInt64
    }
    struct Log: Decodable, Sendable {
        var bytes: UInt64
    }

    var role: String
    var nodeID: String?
    var logID: String
    var epoch: UInt64
    var promisedEpoch: UInt64
    var orphaned: [Orphaned]
    var seq: UInt64
    var chain: String
    var staleSince: String?
    var readOnly: String?
    var notServing: String?
    var historyOther: String?
    var lagSeconds: Double
    var subscribersTotal: UInt64
    var behindEventsMax: UInt64
    var time: String?
    var leader: String?
    var connections: Int
    var subscribers: [Subscriber]
    var views: Views
    var log: Log
    var counters: [String: UInt64]
}
