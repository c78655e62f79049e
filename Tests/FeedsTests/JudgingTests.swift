import EndpointModel
import EndpointState
import Feeds
import SyncProtocol
import Testing

@Suite("The background judge of feeds")
struct JudgingTests {
    /// Six endpoints, three of them in the selection, and one subscriber that holds those.
    static func world(_ selection: Selection) throws -> (World, SubscriberID) {
        var world = World()
        for number in 0..<3 {
            try world.commit([
                Cluster.put(number), Cluster.put(number + 3, app: "backend"),
            ])
        }
        let id = try world.subscribeNew(selection)
        try world.settle()
        return (world, id)
    }

    static func frontend() throws -> (World, SubscriberID) {
        try world(try ResumeTests.frontend())
    }

    @Test("A feed that lost a removal is found, counted, and built anew for its subscribers (G6)")
    func lostRemoval() throws {
        var (world, id) = try Self.frontend()
        try world.commitForgettingRemovals([Cluster.put(0, app: "backend")])
        try world.passTime(1_000)
        try world.settle()
        let difference = try #require(world.seen.differences.first)
        #expect(world.seen.differences.count == 1)
        #expect(difference.seq == world.log.head.seq)
        #expect(difference.told.count == 3)
        #expect(difference.verdict.selected.count == 2)
        #expect(world.hub.counters.feedDifferences == 1)
        let connection = try #require(world.connections[id])
        #expect(connection.resyncs.last?.how == .snapshot)
        #expect(connection.resyncs.last?.reason == .digest)
        // The model has held the snapshot to the log.
        #expect(connection.isInSync)
        #expect(connection.heldSeq == world.log.head.seq)
    }

    @Test("A feed that was built anew is sound, and is not found again (G6)")
    func builtAnew() throws {
        var (world, id) = try Self.frontend()
        try world.commitForgettingRemovals([Cluster.put(0, app: "backend")])
        for round in 1..<5 {
            try world.passTime(1_000)
            try world.settle()
            try world.commit([Cluster.put(round)])
            try world.settle()
            #expect(world.connections[id]?.heldSeq == world.log.head.seq)
        }
        #expect(world.hub.counters.feedsJudged == 4)
        #expect(world.hub.counters.feedDifferences == 1)
    }

    @Test("What is committed during the scan and during the building is in the feed (G6)")
    func meanwhile() throws {
        var (world, id) = try Self.frontend()
        try world.commitForgettingRemovals([Cluster.delete(2)])
        try world.passTime(1_000)
        // Not the selection's: a mark of the damaged feed would give it away by its digest.
        try world.commit([Cluster.put(7, app: "batch")])
        try world.finishJob(at: 0)
        #expect(world.seen.differences.count == 1)
        try world.commit([Cluster.put(8), Cluster.delete(1)])
        try world.settle()
        #expect(world.connections[id]?.isInSync == true)
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
    }

    @Test("A feed is compared as it stood at the seq of the scan (G6)")
    func exactSeq() throws {
        var (world, _) = try Self.frontend()
        try world.commit([Cluster.put(0, app: "batch")])
        try world.passTime(1_000)
        try world.commitForgettingRemovals([Cluster.put(1, app: "backend")])
        try world.finishJob(at: 0)
        #expect(world.hub.counters.feedsJudged == 1)
        #expect(world.seen.differences.isEmpty)
        try world.passTime(1_000)
        try world.finishJob(at: 0)
        #expect(world.seen.differences.count == 1)
    }

    @Test("The feed of everything is judged by its endpoints' bytes, and built anew as others (G6)")
    func everything() throws {
        var (world, id) = try Self.world(.everything)
        try world.commit([Cluster.delete(0)])
        try world.passTime(1_000)
        guard case .judge(let request)? = world.jobs.first else { throw Violation("no scan") }
        var digest = StateDigest.empty
        for bytes in world.log.truth(.everything, at: world.log.head.seq).values {
            digest.add(bytes.withUnsafeBytes { Hash256.of($0) })
        }
        #expect(request.judge().selected == Tally(digest: digest, count: 5))
        try world.accuse(at: 0)
        try world.commit([Cluster.put(9), Cluster.delete(1)])
        try world.commitControl()
        #expect(world.connections[id]?.resyncs.last?.reason == .noToken)
        try world.settle()
        #expect(world.connections[id]?.resyncs.last?.reason == .digest)
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
        #expect(world.hub.view.digest == world.log.view.digest)
        #expect(world.hub.view.seq == world.log.head.seq)
        // It shares the hub's state again: what is folded there is in the feed.
        try world.commit([Cluster.put(10)])
        try world.passTime(1_000)
        try world.settle()
        #expect(world.seen.differences.count == 1)
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
    }

    @Test("One scan at a time, and a pause in proportion to its cost behind each")
    func pace() throws {
        var limits = World.smallLimits
        limits.judgingPauses = 99
        limits.idleFeedMilliseconds = .max
        var world = World(limits: limits)
        try world.commit([Cluster.put(0)])
        for selection in try Cluster.selections() { try world.subscribeNew(selection) }
        try world.settle()
        try world.commit([Cluster.put(1)])
        try world.passTime(1_000)
        try world.passTime(1_000)
        #expect(world.jobs.count == 1)
        // Begun two ticks ago, it is done now, and so has cost a second.
        try world.finishJob(at: 0)
        try world.passTime(98_999)
        #expect(world.jobs.isEmpty)
        try world.passTime(1)
        #expect(world.jobs.count == 1)
    }

    @Test("Every feed gets its turn, and nothing is judged when nothing was committed")
    func turns() throws {
        var world = World()
        try world.commit([Cluster.put(0)])
        let selections = try Cluster.selections()
        for selection in selections { try world.subscribeNew(selection) }
        try world.settle()
        try world.passTime(1_000)
        #expect(world.jobs.isEmpty)
        try world.commit([Cluster.put(1)])
        var judged: Set<Hash256> = []
        for _ in selections {
            try world.passTime(1_000)
            guard case .judge(let request)? = world.jobs.first else { break }
            judged.insert(request.feed.fingerprint)
            try world.settle()
        }
        #expect(judged == Set(selections.map(\.fingerprint)))
        try world.passTime(1_000)
        #expect(world.jobs.isEmpty)
    }

    @Test("No frame of a damaged feed is sent to one that comes back (G6)")
    func framesOfBefore() throws {
        var (world, id) = try Self.frontend()
        guard case .state(let held)? = try world.cut(id), let position = held.position else {
            throw Violation("it held nothing")
        }
        try world.commitForgettingRemovals([Cluster.put(0, app: "backend")])
        // Ends with a mark whose digest is wrong.
        try world.commit([Cluster.put(7)])
        try world.passTime(1)
        while !world.jobs.isEmpty { try world.finishJob(at: 0) }
        #expect(world.seen.differences.count == 1)
        let back = try world.subscribe(held, start: .resume(position))
        try world.settle()
        #expect(world.connections[back]?.heldSeq == world.log.head.seq)
        #expect(world.connections[back]?.resyncs.map(\.how) == [.deltas])
    }

    @Test("A feed that goes while it is judged is counted, and not brought back (G6)")
    func gone() throws {
        var (world, id) = try Self.frontend()
        try world.commitForgettingRemovals([Cluster.put(0, app: "backend")])
        try world.passTime(1_000)
        _ = try world.cut(id)
        try world.passTime(world.limits.idleFeedMilliseconds)
        try world.finishJob(at: 0)
        #expect(world.hub.counters.feedDifferences == 1)
        #expect(world.jobs.isEmpty)
    }
}
