import CattailClient
import EndpointModel
import SyncProtocol
import SyncTransport
import Testing

/// A subscriber against a world that changes, forks and cuts it off at any message, thousands of
/// times: whatever happens, it is told the truth, once, and never goes back unseen.
@Suite("A subscriber under random connections")
struct SubscriberModelTests {
    @Test(
        "every mark equals the view, no change is told twice, nothing goes back (G6, G7, G8)",
        arguments: 0..<60 as Range<UInt64>)
    func story(seed: UInt64) throws {
        var story = Story(seed: seed)
        for _ in 0..<120 { story.step() }
        story.finish()
        #expect(story.mirror.faults == [], "seed \(seed)")
        #expect(story.faults == [], "seed \(seed)")
        #expect(story.mirror.equals(story.world, at: story.world.head.seq), "seed \(seed)")
        #expect(story.marks > 0, "seed \(seed)")
    }

    @Test("a whole snapshot is sent only where no token, reset or cursor could save it (G8)")
    func cheap() {
        var story = Story(seed: 4711)
        story.forks = .never
        for _ in 0..<300 { story.step() }
        story.finish()
        #expect(story.faults == [])
        #expect(story.wholeSnapshots == 1)
    }
}

/// One subscriber's life.
private struct Story {
    enum Forks {
        case sometimes
        case never
    }

    private(set) var world = World()
    private(set) var mirror = Mirror()
    private(set) var faults: [String] = []
    private(set) var marks = 0
    private(set) var wholeSnapshots = 0
    var forks = Forks.sometimes
    private var random: SplitMix
    private var machine: SubscriberStateMachine<HeldState>
    private var lastMark: Position?
    private var lastKind = ResyncKind.snapshot
    /// What the connection has ready to send; nil: no connection.
    private var outbox: [ServerMessage]?
    /// Up to where the connection's stream leads when the outbox has been sent.
    private var sent = Seq.zero

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        let rota = ServerRota(
            servers: [.standard, ServerAddress(host: "other", port: 1)],
            pauses: .milliseconds(1)...(.milliseconds(9)), seed: seed)
        machine = SubscriberStateMachine(
            held: HeldState(fingerprint: Selection.everything.fingerprint), rota: rota)
        for number in 0..<30 { world.put(number, "start") }
        carryOut(machine.started())
    }

    mutating func step() {
        change()
        switch random.next() % 10 {
        case 0: cut()
        case 1 where forks == .sometimes && random.next() % 4 == 0: fork()
        default: deliver(Int(random.next() % 6))
        }
    }

    /// No more trouble: it must arrive.
    mutating func finish() {
        for _ in 0..<40 {
            deliver(100)
            if lastMark == world.head, outbox?.isEmpty == true { return }
        }
        faults.append("it does not arrive at \(world.head.seq)")
    }

    // MARK: The world

    private mutating func change() {
        for _ in 0..<random.next() % 4 {
            let number = Int(random.next() % 40)
            if random.next() % 4 == 0 {
                world.delete(number)
            } else {
                world.put(number, "text-\(random.next() % 1000)")
            }
        }
    }

    private mutating func cut() {
        guard outbox != nil else { return }
        outbox = nil
        carryOut(
            machine.connectionEnded(ClientError(code: .unreachable, message: "cut on purpose")))
    }

    private mutating func fork() {
        let head = world.head.seq.rawValue
        world.fork(at: Seq(head - min(head, random.next() % 6)))
        world.put(0, "after the fork")
        cut()
    }

    // MARK: The server

    private mutating func hello() {
        let token = machine.held.token
        let cursor = machine.held.cursor
        var messages: [ServerMessage] = []
        if let token, isHere(token.position) {
            let isNetChange = random.next() % 2 == 0
            messages.append(
                .resync(world.resync(isNetChange ? .netChange : .deltas, token.position)))
            let changes =
                isNetChange
                ? world.netChange(after: token.position.seq, through: world.head.seq)
                : world.deltas(after: token.position.seq, through: world.head.seq)
            messages += frames(changes)
        } else if let cursor, isHere(cursor.start) {
            messages.append(.resync(world.resync(.snapshot, cursor.start)))
            messages += frames(world.items(after: cursor.last))
            messages += frames(
                world.netChange(after: cursor.start.seq, through: world.head.seq))
        } else {
            wholeSnapshots += 1
            let how: How = token == nil ? .snapshot : .reset
            messages.append(.resync(world.resync(how, world.head)))
            messages += frames(world.items(after: nil))
        }
        messages.append(.mark(world.mark(world.head.seq, .inSync)))
        sent = world.head.seq
        outbox = messages
    }

    private func isHere(_ position: Position) -> Bool {
        position.seq <= world.head.seq && world.position(position.seq) == position
    }

    /// Frames of a few changes, some of them twice.
    private mutating func frames(_ changes: [Change]) -> [ServerMessage] {
        var frames: [ServerMessage] = []
        var rest = changes[...]
        while !rest.isEmpty {
            let frame = Array(rest.prefix(1 + Int(random.next() % 5)))
            rest = rest.dropFirst(frame.count)
            frames.append(.changes(Changes(changes: frame)))
            if random.next() % 8 == 0 { frames.append(.changes(Changes(changes: frame))) }
        }
        return frames
    }

    private mutating func deliver(_ count: Int) {
        for _ in 0..<count {
            guard outbox != nil else { return }
            if outbox?.isEmpty == true {
                guard sent < world.head.seq else { return }
                outbox =
                    frames(world.deltas(after: sent, through: world.head.seq))
                    + [.mark(world.mark(world.head.seq, .inSync))]
                sent = world.head.seq
            }
            guard let message = outbox?.removeFirst() else { return }
            carryOut(machine.messageReceived(message))
        }
    }

    // MARK: The subscriber

    private mutating func carryOut(_ actions: [SubscriberStateMachine<HeldState>.Action]) {
        for action in actions {
            switch action {
            case .connect: hello()
            case .send, .sayApplied: break
            case .disconnect(_): outbox = nil
            case .pause: carryOut(machine.pauseEnded())
            case .finish(let error): faults.append("\(error)")
            case .tell(.changes(let batch)): take(batch)
            case .tell(.status(let status)): take(status)
            }
            if case .connect = action {
                let head = world.head
                _ = machine.helloReceived(
                    ServerHello(version: 1, role: .leader, head: head))
            }
        }
    }

    private mutating func take(_ batch: EndpointChanges) {
        marks += 1
        mirror.take(batch)
        let seq = batch.mark.seq
        if world.position(seq) != batch.mark.position { faults.append("mark \(seq) is not here") }
        if !mirror.equals(world, at: seq) { faults.append("mark \(seq) is not the view") }
        if let lastMark, seq < lastMark.seq, lastKind != .reset {
            faults.append("from \(lastMark.seq) back to \(seq) by \(lastKind)")
        }
        lastMark = batch.mark.position
    }

    private mutating func take(_ status: SubscriptionStatus) {
        switch status {
        case .resync(let kind, _): lastKind = kind
        case .digestDiffers(let seq): faults.append("a digest differs at \(seq)")
        case .unverified(let seq): faults.append("unverified at \(seq)")
        case .connecting, .inSync, .stale, .disconnected, .behind, .goodbye, .cacheUnusable: break
        }
    }
}
