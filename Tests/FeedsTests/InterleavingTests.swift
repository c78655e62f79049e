import EndpointModel
import Feeds
import SyncProtocol
import Testing

/// Random runs of a hub with everything around it. A failure names its seed; the same seed makes
/// the same run.
@Suite("Feeds under any interleaving")
struct InterleavingTests {
    @Test(
        "Every subscriber equals its selection of the log at every mark, whatever happens (G6, G7)",
        arguments: 1...60)
    func everyMark(seed: Int) throws {
        var run = try RandomRun(seed: UInt64(seed))
        for _ in 0..<400 { try run.step() }
        try run.end()
        #expect(run.world.seen.differences.isEmpty)
    }

    @Test(
        "A feed condemned at any moment is built anew, and all hold the truth again (G6)",
        arguments: 91...120)
    func condemned(seed: Int) throws {
        var run = try RandomRun(seed: UInt64(seed), judge: .slanders)
        for _ in 0..<400 { try run.step() }
        try run.end()
        #expect(!run.world.seen.differences.isEmpty)
    }

    @Test("The runs meet every way forward, so what they prove is not empty (G6)")
    func coverage() throws {
        var catchUps: [CatchUpRequest.Form.Kind: Int] = [:]
        var resyncs: [How: UInt64] = [:]
        var cheaper = 0
        var kept = 0
        var judged: UInt64 = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            var run = try RandomRun(seed: seed)
            for _ in 0..<400 { try run.step() }
            catchUps.merge(run.world.seen.catchUps, uniquingKeysWith: +)
            resyncs.merge(run.world.hub.counters.resyncs, uniquingKeysWith: +)
            cheaper += run.world.seen.snapshotsCheaper
            kept += run.cursorsResumed
            judged += run.world.hub.counters.feedsJudged
        }
        for kind in CatchUpRequest.Form.Kind.allCases { #expect(catchUps[kind, default: 0] > 5) }
        for how in How.allCases { #expect(resyncs[how, default: 0] > 5) }
        #expect(cheaper > 5)
        #expect(kept > 5)
        #expect(judged > 50)
    }

    @Test(
        "A resume on this history is a snapshot only when the net change has more keys (G8)",
        arguments: 61...90)
    func resumes(seed: Int) throws {
        var run = try RandomRun(seed: UInt64(seed))
        for _ in 0..<400 { try run.step() }
        try run.end()
        let resyncs = run.world.hub.counters.resyncs
        #expect(resyncs[.reset, default: 0] <= UInt64(run.resetsDue))
        let snapshotsDue = run.snapshotsDue + run.world.seen.snapshotsCheaper
        #expect(resyncs[.snapshot, default: 0] <= UInt64(snapshotsDue))
        for connection in run.world.connections.values {
            guard case .resume? = connection.start, !connection.isMoved,
                let first = connection.resyncs.first
            else {
                continue
            }
            #expect(first.how == .deltas || first.how == .netChange)
        }
    }
}

struct RandomRun {
    enum Judge {
        case honest
        /// Half of his verdicts are wrong.
        case slanders
    }

    private(set) var world: World
    private var dice: Dice
    private let selections: [Selection]
    private var parked: [ModelConnection.Subject] = []
    private let keys: Int
    private let judge: Judge
    /// Subscriptions that a snapshot or a reset was the right answer to.
    private(set) var snapshotsDue = 0
    private(set) var resetsDue = 0
    private(set) var cursorsResumed = 0

    init(seed: UInt64, judge: Judge = .honest) throws {
        self.judge = judge
        dice = Dice(seed: seed)
        keys = 6 + dice.below(60)
        var limits = World.smallLimits
        limits.ringBytes = 200 + dice.below(3_000)
        limits.deltaEvents = UInt64(5 + dice.below(60))
        if judge == .slanders { limits.judgingPauses = 0 }
        world = World(limits: limits)
        selections = try Cluster.selections()
        for _ in 0..<10 { try commit() }
    }

    mutating func step() throws {
        if judge == .slanders, dice.oneIn(4) { try world.passTime(0) }
        switch dice.below(100) {
        case ..<18: try commit()
        case ..<28: try world.takeUp(wishes())
        case ..<30: for _ in 0..<25 { try commit() }
        case ..<40: try subscribe()
        case ..<47: try park()
        case ..<68: try drainSome()
        case ..<88: try finishSome()
        case ..<92: try toggleSocket()
        case ..<94: if let id = anyone() { try world.markAlong(id) }
        case ..<96: try world.publish()
        case ..<98: try move()
        default: try world.passTime(UInt64(dice.below(30)))
        }
    }

    /// Commits end; everyone arrives, and holds what the log says at its head.
    mutating func end() throws {
        for id in world.connections.keys { world.connections[id]?.socket = .drains }
        try world.settle()
        for id in world.connections.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            try world.markAlong(id)
        }
        try world.settle()
        for connection in world.connections.values {
            #expect(connection.heldSeq == world.log.head.seq)
            #expect(connection.isInSync)
        }
    }

    // MARK: Steps

    private mutating func commit() throws {
        if dice.oneIn(15) { return try world.commitControl() }
        if dice.oneIn(15) { return try world.commitEpoch(before: wishes()) }
        try world.commit(wishes())
    }

    private mutating func wishes() -> [ModelLog.Wish] {
        let count = dice.oneIn(8) ? 12 : 1 + dice.below(4)
        var wishes: [ModelLog.Wish] = []
        for _ in 0..<count { wishes.append(Cluster.wish(keys: keys, &dice)) }
        return wishes
    }

    private mutating func form() -> DeltaForm { dice.oneIn(2) ? .items : .patches }

    private mutating func subscribe() throws {
        guard world.connections.count < 12 else { return try park() }
        if !parked.isEmpty, !dice.oneIn(4) {
            let subject = parked.remove(at: dice.below(parked.count))
            switch subject {
            case .log(_, _, let held): try world.subscribeToLog(from: held)
            case .state(let held): try comeBack(held)
            }
        } else if dice.oneIn(5) {
            let seq = Seq(UInt64(dice.below(world.log.records.count + 1)))
            try world.subscribeToLog(from: world.log.position(at: seq))
        } else if dice.oneIn(3) {
            // Another node of the tree brought it to a seq that need not be a mark here.
            let seq = Seq(UInt64(1 + dice.below(world.log.records.count)))
            let held = HeldState(
                selection: dice.pick(selections), form: form(), at: world.log.position(at: seq),
                of: world.log)
            try comeBack(held)
        } else {
            snapshotsDue += 1
            try world.subscribeNew(dice.pick(selections), form())
        }
    }

    private mutating func comeBack(_ held: HeldState) throws {
        if let cursor = held.cursor, !dice.oneIn(5) {
            snapshotsDue += 1
            cursorsResumed += 1
            try world.subscribe(
                held, start: .cursor(start: cursor.start, lastKey: cursor.last))
        } else if held.position != nil, dice.oneIn(12) {
            resetsDue += 1
            try world.subscribe(
                held, start: .snapshot(dice.oneIn(2) ? .otherHistory : .otherLog))
        } else if dice.oneIn(12) {
            snapshotsDue += 1
            try world.subscribe(held, start: .snapshot(.otherSelection))
        } else if let position = held.position {
            try world.subscribe(held, start: .resume(position))
        } else {
            snapshotsDue += 1
            try world.subscribe(held, start: .snapshot(.noToken))
        }
    }

    /// Another selection than it has now, and than those that it has not heard of yet.
    private mutating func move() throws {
        guard let id = anyone(), let wanted = world.connections[id]?.wantedSelection else { return }
        let others = selections.filter { $0 != wanted }
        snapshotsDue += 1
        try world.move(id, to: dice.pick(others))
    }

    private mutating func park() throws {
        guard let id = anyone() else { return }
        if let left = try world.cut(id), parked.count < 10 { parked.append(left) }
    }

    private mutating func drainSome() throws {
        guard let id = anyone() else { return }
        try world.drain(id, atMost: dice.oneIn(2) ? 1 + dice.below(900) : .max)
    }

    private mutating func finishSome() throws {
        guard !world.jobs.isEmpty else { return }
        let index = dice.below(world.jobs.count)
        if case .judge = world.jobs[index], judge == .slanders, dice.oneIn(2) {
            return try world.accuse(at: index)
        }
        try world.finishJob(at: index, eventsPerRead: UInt64(1 + dice.below(4)))
    }

    private mutating func toggleSocket() throws {
        guard let id = anyone(), let socket = world.connections[id]?.socket else { return }
        switch socket {
        case .drains: world.connections[id]?.socket = .stuck
        case .stuck: world.connections[id]?.socket = .drains
        }
    }

    private mutating func anyone() -> SubscriberID? {
        let ids = world.connections.keys.sorted { $0.rawValue < $1.rawValue }
        return ids.isEmpty ? nil : dice.pick(ids)
    }
}
