internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import EndpointState
internal import Glibc
internal import NIOCore
internal import ReferenceCluster
internal import SyncProtocol
internal import SyncTransport

/// Row 16 of the goals: what an update costs a client, without a socket in between.
struct BenchClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Apply a server's frames to a cache in memory, as the library does, on one core.",
        discussion: """
            A snapshot of the cluster, then updates of one label each: gathered into large frames
            as under load, and in a frame each as at rest. Printed is processor time: inflating,
            decoding, session, cache and digest; "read" also decodes every field of each update.
            """)

    @Option(help: "Endpoints.") var endpoints = 10_000
    @Option(help: "Updates in each shape.") var count = 200_000
    @Option(help: "Updates that end with one mark when they are gathered.") var gather = 1_000
    @Option(help: "gathered or single; without it both.") var shape: FrameShape?
    @Flag(help: "Keep every state that is handed out until the end of its hundred.") var pinned =
        false

    func validate() throws {
        guard endpoints > 0, count > 0, gather > 0 else {
            throw ValidationError("Numbers are at least 1.")
        }
    }

    func run() throws {
        let frames = try ServedFrames(endpoints: endpoints, count: count, gather: gather)
        var members: [(String, DocumentValue?)] = [
            ("bench", .string("client")), ("endpoints", .integer(endpoints)),
            ("updates", .integer(count)), ("gather", .integer(gather)),
            ("gatheredBytesPerUpdate", frames.gathered.bytesPerUpdate(count)),
            ("singleBytesPerUpdate", frames.single.bytesPerUpdate(count)),
        ]
        for shape in FrameShape.allCases where self.shape.map({ $0 == shape }) ?? true {
            let name = shape.rawValue
            let stream = shape == .gathered ? frames.gathered : frames.single
            for reading in FieldReading.allCases {
                var client = SocketlessClient(hello: frames.hello, reading, isPinning: pinned)
                let start = ProcessorClock.now
                try client.take(frames.greeting + frames.snapshot)
                let snapshot = ProcessorClock.now
                try client.take(stream)
                let end = ProcessorClock.now
                try frames.check(client)
                let seconds = Double(end - snapshot) / 1e9
                let key = reading == .none ? name : name + "Read"
                members += [
                    (key + "PerSecond", .decimal(Double(count) / seconds)),
                    (key + "SnapshotSeconds", .decimal(Double(snapshot - start) / 1e9)),
                ]
            }
        }
        try Console.output.line(JSONLine(members).text)
    }
}

/// How updates lie in frames.
enum FrameShape: String, ExpressibleByArgument, CaseIterable {
    /// Many in each, as under load.
    case gathered
    /// One in each, as at rest.
    case single
}

/// Whether the reader of the updates looks into them.
private enum FieldReading: CaseIterable {
    case none
    case all
}

private enum ProcessorClock {
    /// Nanoseconds that this process has computed.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}

/// What a server would send, ready made.
private struct ServedFrames {
    let hello: ClientHello
    private(set) var greeting: [ByteBuffer] = []
    private(set) var snapshot: [ByteBuffer] = []
    private(set) var gathered: [ByteBuffer] = []
    private(set) var single: [ByteBuffer] = []
    private var digest = StateDigest.empty
    private let head: Seq

    private static let logID = LogID(high: 1, low: 2)
    private static let frameBytes = 256 << 10

    init(endpoints: Int, count: Int, gather: Int) throws {
        hello = ClientHello(role: .state, client: "bench", capabilities: .patches)
        head = Seq(UInt64(endpoints + count))
        var endpointsMade: [WorkloadEndpoint] = []
        var items: [EncodedItem] = []
        var uids = SystemRandomNumberGenerator()
        for endpoint in try GeneratedCluster(count: endpoints) {
            let item = try EncodedItem.made(
                of: endpoint, seq: Seq(UInt64(items.count + 1)), previous: .zero,
                UID.random(using: &uids))
            endpointsMade.append(endpoint)
            items.append(item)
            digest.add(item.hash)
        }
        try greet()
        try addSnapshot(items, count: endpoints)
        try addUpdates(&items, endpointsMade, count: count, gather: gather)
    }

    private func position(_ seq: Int) -> Position {
        Position(
            logID: Self.logID, epoch: Epoch(number: 1, leaderID: 1), seq: Seq(UInt64(seq)),
            chain: Hash256(lane0: UInt64(seq), lane1: 1, lane2: 2, lane3: 3))
    }

    private mutating func greet() throws {
        let server = ServerHello(version: 1, role: .leader, head: position(1))
        greeting = [
            ByteBuffer(bytes: FrameFormat.preface),
            try FrameEncoder().frame(ServerMessage.hello(server)),
        ]
    }

    private mutating func addSnapshot(_ items: [EncodedItem], count: Int) throws {
        let resync = Resync(
            how: .snapshot, start: position(count), reason: .noToken,
            fingerprint: Selection.everything.fingerprint)
        snapshot = [try FrameEncoder().frame(ServerMessage.resync(resync))]
        var chunk = ChangesEncoder()
        for item in items.sorted(by: { $0.compareKey(to: $1) < 0 }) {
            if chunk.byteCount >= Self.frameBytes {
                snapshot.append(try FrameEncoder().frame(chunk.finish(), .whenItPays))
                chunk = ChangesEncoder()
            }
            chunk.append(put: item)
        }
        let mark = Mark(
            position: position(count), digest: digest, count: UInt64(count), sync: .inSync)
        snapshot.append(try FrameEncoder().frame(chunk.finish(mark: mark), .whenItPays))
    }

    /// Each endpoint in its turn, but not in the order of keys.
    private mutating func addUpdates(
        _ items: inout [EncodedItem], _ endpoints: [WorkloadEndpoint], count: Int, gather: Int
    ) throws {
        var batch = ChangesEncoder()
        for number in 0..<count {
            let index = number &* 7_919 % items.count
            let old = items[index]
            guard let uid = old.uid else { continue }
            let seq = endpoints.count + number + 1
            let new = try EncodedItem.made(
                of: GeneratedCluster.relabelled(endpoints[index], step: number),
                seq: Seq(UInt64(seq)), previous: old.seq, uid)
            items[index] = new
            digest.subtract(old.hash)
            digest.add(new.hash)
            let change = Patch(from: old, to: new).map { Change.patch($0) } ?? .put(new)
            let here = position(seq)
            let mark = Mark(
                place: .step(here.seq, chain: here.chain), digest: digest, sync: .more)
            var alone = ChangesEncoder(reserving: 512)
            alone.append(change)
            single.append(try FrameEncoder().frame(alone.finish(mark: mark), .whenItPays))
            batch.append(change)
            if batch.count == gather || number == count - 1 {
                gathered.append(try FrameEncoder().frame(batch.finish(mark: mark), .whenItPays))
                batch = ChangesEncoder()
            }
        }
    }

    /// That the client holds what it should: a bench of what went wrong is worth nothing.
    func check(_ client: SocketlessClient) throws {
        guard client.machine.held.position?.seq == head,
            client.machine.held.state.digest == digest
        else { throw UsageFault("the client did not take all frames", remedy: "report this") }
    }
}

extension [ByteBuffer] {
    fileprivate func bytesPerUpdate(_ count: Int) -> DocumentValue {
        .decimal(Double(reduce(0) { $0 + $1.readableBytes }) / Double(count))
    }
}

extension EncodedItem {
    fileprivate static func made(
        of endpoint: WorkloadEndpoint, seq: Seq, previous: Seq, _ uid: UID
    ) throws -> EncodedItem {
        let bytes = try EncodedEndpoint(validating: endpoint.encodedEndpoint())
        return try EncodedItem.put(
            seq: seq, previousSeq: previous, key: endpoint.key, uid: uid,
            creationTime: Timestamp(seconds: 1_700_000_000), endpoint: bytes)
    }
}

/// The library's way from bytes to updates, without the socket and the reader's task.
private struct SocketlessClient {
    private var decoder = FrameDecoder()
    private var session: ClientSessionStateMachine
    private(set) var machine: SubscriberStateMachine<HeldState>
    private let reading: FieldReading
    private let isPinning: Bool
    /// The states that a reader keeps.
    private var kept: [EndpointChanges] = []

    init(hello: ClientHello, _ reading: FieldReading, isPinning: Bool) {
        self.reading = reading
        self.isPinning = isPinning
        session = ClientSessionStateMachine(hello: hello, at: Instant(milliseconds: 0))
        let server = ServerAddress(host: "bench", port: 1)
        let rota = ServerRota(
            servers: [server], pauses: .seconds(1) ... .seconds(1), seed: 1)
        machine = SubscriberStateMachine(
            held: HeldState(fingerprint: Selection.everything.fingerprint), rota: rota)
        _ = machine.started()
    }

    mutating func take(_ stream: [ByteBuffer]) throws {
        for bytes in stream {
            decoder.push(bytes)
            while let frame = try decoder.next() {
                let message = try ServerMessage(decoding: frame.body)
                _ = session.messageReceived(message, at: Instant(milliseconds: 0))
                if case .hello(let hello) = message {
                    _ = machine.helloReceived(hello)
                } else {
                    try carryOut(machine.messageReceived(message))
                }
            }
        }
    }

    private mutating func carryOut(_ actions: [SubscriberStateMachine<HeldState>.Action]) throws {
        for action in actions {
            guard case .tell(.changes(let changes)) = action else { continue }
            if isPinning {
                if kept.count == 100 { kept = [] }
                kept.append(changes)
            }
            guard reading == .all else { continue }
            for case .put(let item) in changes.changes { _ = try item.endpoint() }
        }
    }
}
