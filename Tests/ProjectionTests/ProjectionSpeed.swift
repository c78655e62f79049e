import CattailTestKit
import EndpointModel
import EndpointState
import Foundation
import LogStore
import Logging
import Projection
import Testing

/// A clock informs, it does not gate: run with `CATTAIL_MEASURE=1`.
@Suite(
    "Projection speed",
    .enabled(if: ProcessInfo.processInfo.environment["CATTAIL_MEASURE"] != nil))
struct ProjectionSpeed {
    static let keys = 100_000
    static let events = 400_000

    /// Creations of all keys, then updates at random, in a log on disk.
    static func makeLog(in directory: String) throws -> LogReader {
        var generator = SeededGenerator(state: 1)
        let owner = try DataDirectory.acquire(directory)
        let writer = try LogWriter.create(in: owner, logID: .random(using: &generator))
        var head = writer.head
        var last = Array(repeating: Seq.zero, count: keys)
        let uid = UID.random(using: &generator)
        var batch: [LogEntry] = []
        for number in 0..<events {
            let seq = Seq(UInt64(number) + 1)
            let index = number < keys ? number : Int.random(in: 0..<keys, using: &generator)
            let item = try item(seq, index, previous: last[index], uid)
            last[index] = seq
            let time = Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number))
            let record = EncodedRecord(
                item: item,
                audit: AuditPart(
                    epochNumber: 1, time: time, wallTime: time, actor: "cni@node-00017",
                    requestID: "0a1b2c3d-\(number)", address: "127.0.0.1:40112"))
            head = LogHead(seq: seq, chain: head.chain.followed(by: record.hash))
            batch.append(
                LogEntry(
                    row: LogRow(
                        seq: seq, record: record.bytes, recordHash: record.hash, chain: head.chain),
                    request: nil))
            if batch.count == 1_000 {
                try writer.append(batch)
                batch = []
            }
        }
        try writer.close()
        return try LogReader.open(directory: directory)
    }

    static func item(_ seq: Seq, _ index: Int, previous: Seq, _ uid: UID) throws -> EncodedItem {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.labels = [
            "app": "frontend", "version": "v\(seq.rawValue % 9)", "tier": "web",
            "pod-template-hash": "7d9f8b6c5",
        ]
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = "node-\(index % 1_000)"
        endpoint.spec.pod = "frontend-7d9f8b6c5-\(index)"
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.containerID = String(repeating: "0a1b2c3d", count: 8)
        endpoint.spec.ipNetworks = ["10.\(index >> 16).\(index >> 8 & 255).\(index & 255)/32"]
        endpoint.spec.profiles = ["kns.ns-\(index % 50)", "ksa.ns-\(index % 50).default"]
        endpoint.spec.interfaceName = "cali0123456789a"
        endpoint.spec.mac = "ee:ee:ee:ee:ee:ee"
        let key = EndpointKey(
            namespace: "ns-\(index % 50)",
            name: "node--\(index % 1_000)-k8s-frontend--7d9f8b6c5--\(index)-eth0")
        return try endpoint.encodedEndpoint().withUnsafeBytes {
            try EncodedItem.put(
                seq: seq, previousSeq: previous, key: key, uid: uid,
                creationTime: Timestamp(seconds: 1_700_000_000), endpoint: $0)
        }
    }

    @Test("Rebuild, load, write behind, and states of the past from both ends")
    func speed() throws {
        let scratch = try TemporaryFolder()
        let log = try Self.makeLog(in: scratch.path)
        let logger = Logger(label: "measure") { _ in SwiftLogNoOpLogHandler() }
        func open() throws -> ViewStore.Opened {
            try ViewStore.open(directory: scratch.path, events: log, logger: logger)
        }
        var opened = try measure("fold 400,000 events and write 100,000 rows") { try open() }
        guard case .rebuilt = opened.origin else { throw Unexpected() }
        try opened.store.close()
        opened = try measure("load 100,000 endpoints") { try open() }
        guard case .loaded = opened.origin else { throw Unexpected() }
        let view = opened.view.view
        let past = try Past(log, current: view)
        for seq in [40_000, 200_000, 320_000, 360_000, 399_000] as [UInt64] {
            let back = try measure("back to \(seq)") {
                try past.tracedBack(from: view.state, to: Seq(seq))
            }
            let forward = try measure("forward to \(seq)") {
                try Past(log).state(after: Seq(seq))
            }
            #expect(back.digest == forward.digest)
        }
    }

    struct Unexpected: Error {}

    private func measure<Value>(_ what: String, _ body: () throws -> Value) rethrows -> Value {
        let start = ContinuousClock.now
        defer { print("projection \(what): \(ContinuousClock.now - start)") }
        return try body()
    }
}
