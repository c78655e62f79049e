import EndpointModel
import EndpointState
import Feeds
import SyncProtocol
import Testing

/// What one subscriber may cost, however large what it is owed.
@Suite("Bounded work for each subscriber")
struct BoundedWorkTests {
    /// A world of `count` endpoints of some hundred bytes that no compression makes small.
    static func world(_ count: Int, _ limits: FeedLimits = World.smallLimits) throws -> World {
        var world = World(limits: limits)
        var dice = Dice(seed: 21)
        for number in 0..<count { try world.commit([large(number, &dice)]) }
        return world
    }

    static func large(_ number: Int, _ dice: inout Dice) -> ModelLog.Wish {
        let endpoint = Cluster.endpoint(
            app: "batch", node: "node-0", containerID: Cluster.noise(20, &dice))
        return ModelLog.Wish(key: Cluster.key(number), endpoint: endpoint)
    }

    @Test("A write is a frame's worth and one endpoint at most, however much there is to send (G9)")
    func writes() throws {
        var limits = World.smallLimits
        limits.judgedPerPage = 1_000
        var world = try Self.world(60, limits)
        let id = try world.subscribeNew(.everything)
        try world.settle()
        world.connections[id]?.socket = .stuck
        var dice = Dice(seed: 22)
        for _ in 0..<2 {
            for number in 0..<40 { try world.commit([Self.large(number, &dice)]) }
        }
        world.connections[id]?.socket = .drains
        try world.settle()
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
        #expect(world.hub.counters.resyncs == [.snapshot: 1])
        #expect(world.seen.catchUps == [.netChange: 1])
        let largest = world.log.view.items.map(\.bytes.count).max() ?? 0
        #expect(world.seen.largestWrite <= limits.frameBytes + largest + 64)
    }

    @Test("Keys that one page gathers are judged by it: none stand in memory for a turn (G9)")
    func gatheredAndJudged() throws {
        let world = try Self.world(6)
        let request = CatchUpRequest(
            from: Seq(2), to: world.log.head, form: .netChange(keyLimit: 10),
            selection: .everything, digest: .empty, count: 0)
        var pager = CatchUpPager(request, limits: FeedLimits())
        let page = try pager.nextPage(ModelEvents(log: world.log, eventsPerRead: 2))
        guard case .last = page else {
            Issue.record("\(page) is not the last page")
            return
        }
    }

    @Test("Whoever goes in the middle of a catch-up leaves no work behind (G9)")
    func gone() throws {
        var (world, held) = try ResumeTests.parked(.everything, endpoints: 10)
        for round in 0..<60 { try world.commit([Cluster.put(round % 3, app: "app-\(round)")]) }
        let position = try #require(held.position)
        let id = try world.subscribe(held, start: .resume(position))
        #expect(world.seen.catchUps.values.reduce(0, +) == 1)
        var hub = world.hub
        let ended = hub.unsubscribe(id, at: world.now).contains { action in
            if case .endCatchUp(id) = action { true } else { false }
        }
        #expect(ended)
        #expect(hub.progress(of: id) == nil)
    }

    @Test("The log's frames are kept while somebody reads the log, and no longer (G9)")
    func logFrames() throws {
        var world = try Self.world(4)
        let id = try world.subscribeToLog(from: world.log.head)
        try world.settle()
        var dice = Dice(seed: 23)
        for number in 0..<3 { try world.commit([Self.large(number, &dice)]) }
        #expect(world.hub.keptBytes > 0)
        _ = try world.cut(id)
        #expect(world.hub.keptBytes == 0)
    }

    @Test("A feed that nobody came back to is let go, and not before its time (G9)")
    func idleFeeds() throws {
        var world = try Self.world(4)
        let selection = try ResumeTests.frontend()
        func visit() throws -> UInt64 {
            let id = try world.subscribeNew(selection)
            try world.settle()
            _ = try world.cut(id)
            return world.hub.counters.feedsBuilt
        }
        #expect(try visit() == 1)
        try world.passTime(world.limits.idleFeedMilliseconds - 1)
        #expect(try visit() == 1)
        try world.passTime(world.limits.idleFeedMilliseconds)
        #expect(try visit() == 2)
    }
}
