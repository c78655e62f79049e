internal import ArgumentParser
internal import EndpointModel
internal import EndpointState
internal import LogStore
internal import Logging
internal import Projection
internal import ReferenceCluster

struct BenchFoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fold",
        abstract: "Fold events in memory: half make endpoints, half change one.")

    @Option(help: "Events.") var count = 1_000_000

    func validate() throws {
        guard (2...10_000_000).contains(count) else {
            throw ValidationError("--count is not in 2-10000000.")
        }
    }

    func run() throws {
        let items = try Self.items(count)
        let clock = ContinuousClock()
        let start = clock.now
        var view = EndpointView()
        for item in items { try view.fold(item) }
        let rate = Rate(count: count, elapsed: clock.now - start)
        try Console.output.line(
            JSONLine(
                [("bench", .string("fold"))] + rate.members + [
                    ("endpoints", .integer(view.count)), ("digest", .text(view.digest)),
                ]
            ).text)
    }

    private static func items(_ count: Int) throws -> [EncodedItem] {
        let cluster = try GeneratedCluster(count: (count + 1) / 2)
        var uids = SystemRandomNumberGenerator()
        var items: [EncodedItem] = []
        items.reserveCapacity(count)
        for endpoint in cluster {
            items.append(
                try put(
                    endpoint, seq: Seq(UInt64(items.count + 1)), previous: .zero,
                    uid: UID.random(using: &uids)))
        }
        for index in 0..<(count - items.count) {
            let created = items[index]
            let endpoint = GeneratedCluster.relabelled(cluster.endpoint(at: index), step: 1)
            guard let uid = created.uid else { continue }
            items.append(
                try put(
                    endpoint, seq: Seq(UInt64(items.count + 1)), previous: created.seq, uid: uid))
        }
        return items
    }

    private static func put(
        _ endpoint: WorkloadEndpoint, seq: Seq, previous: Seq, uid: UID
    ) throws(WireError) -> EncodedItem {
        let bytes = endpoint.encodedEndpoint()
        return try bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try EncodedItem.put(
                    seq: seq, previousSeq: previous, key: endpoint.key, uid: uid,
                    creationTime: Timestamp(seconds: 1_700_000_000), endpoint: raw)
            }
        }.get()
    }
}

struct BenchRebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Fold a stopped node's log anew into its views.sqlite.")

    @Option(help: ArgumentHelp("The data directory; nobody else may hold it.", valueName: "dir"))
    var data: String

    func run() throws {
        let directory = try DataDirectory.acquire(data)
        let reader = try LogReader.open(directory: directory.path)
        let logger = Logger(label: "cattail.bench") { _ in SwiftLogNoOpLogHandler() }
        let opened = try ViewStore.open(
            directory: directory.path, events: ShownEvents(reader), logger: logger)
        try opened.store.write(opened.pending)
        let clock = ContinuousClock()
        let start = clock.now
        let rebuilt = try opened.store.rebuild()
        let view = rebuilt.view.view
        let rate = Rate(
            count: Int(clamping: view.seq.rawValue), elapsed: clock.now - start)
        try opened.store.close()
        try Console.output.line(
            JSONLine(
                [("bench", .string("rebuild"))] + rate.members + [
                    ("endpoints", .integer(view.count)), ("digest", .text(view.digest)),
                    ("equal", .bool(rebuilt.isEqual)),
                ]
            ).text)
    }
}
