import EndpointModel
import Feeds
import NIOCore
import SyncProtocol
import Testing

@Suite("Slow and stuck subscribers")
struct IsolationTests {
    @Test("A subscriber that never drains has bounded bytes in flight and delays no other (G9)")
    func stuck() throws {
        var world = World()
        for number in 0..<20 { try world.commit([Cluster.put(number)]) }
        let stuck = try world.subscribeNew(.everything)
        world.connections[stuck]?.socket = .stuck
        let stuckAtTail = try world.subscribeNew(.everything)
        let stuckLog = try world.subscribeToLog(from: world.log.head)
        let brisk = try (0..<3).map { _ in try world.subscribeNew(.everything) }
        try world.settle()
        for id in [stuckAtTail, stuckLog] { world.connections[id]?.socket = .stuck }
        var dice = Dice(seed: 9)
        for _ in 0..<500 {
            try world.commit([Cluster.wish(keys: 30, &dice)])
            // No job is finished here: those at the tail need nothing but their sockets.
            for id in brisk {
                try world.drain(id)
                #expect(world.connections[id]?.heldSeq == world.log.head.seq)
            }
        }
        let bound = world.limits.inFlightBytes + world.seen.largestWrite
        for id in [stuck, stuckAtTail, stuckLog] {
            let connection = try #require(world.connections[id])
            #expect(connection.inFlightBytes > 0)
            #expect(connection.inFlightBytes <= bound)
        }
    }

    @Test("A stuck subscriber whose socket drains at last gets the cheapest way forward (G8, G9)")
    func drainsAtLast() throws {
        var world = World()
        for number in 0..<20 { try world.commit([Cluster.put(number)]) }
        let id = try world.subscribeNew(.everything)
        try world.settle()
        world.connections[id]?.socket = .stuck
        for round in 0..<200 {
            try world.commit([Cluster.put(round % 4, app: "batch", node: "node-\(round % 3)")])
        }
        world.connections[id]?.socket = .drains
        try world.settle()
        let connection = try #require(world.connections[id])
        #expect(connection.heldSeq == world.log.head.seq)
        #expect(world.seen.catchUps == [.netChange: 1])
        #expect(world.hub.counters.resyncs[.snapshot] == 1)
    }

    @Test("One byte at a time is slow, and still arrives (G9)")
    func byteByByte() throws {
        var world = World()
        for number in 0..<8 { try world.commit([Cluster.put(number)]) }
        let id = try world.subscribeNew(.everything)
        for _ in 0..<200_000 {
            guard world.connections[id]?.inFlightBytes ?? 0 > 0 || !world.jobs.isEmpty else {
                break
            }
            if !world.jobs.isEmpty { try world.finishJob(at: 0) }
            try world.drain(id, atMost: 1)
        }
        #expect(world.connections[id]?.isInSync == true)
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
    }

    @Test("Every subscriber of a feed is written the same bytes, encoded once")
    func encodedOnce() throws {
        var world = World()
        try world.commit([Cluster.put(0)])
        for _ in 0..<50 { try world.subscribeNew(.everything) }
        try world.settle()
        let before = world.hub.counters
        try world.commit([Cluster.put(1), Cluster.put(2)])
        try world.settle()
        #expect(world.hub.counters.framesEncoded == before.framesEncoded + 1)
        #expect(world.hub.counters.writes == before.writes + 50)
    }

    @Test("A page makes bounded progress when nothing in it is selected (G9)")
    func emptyPages() throws {
        var log = ModelLog()
        _ = try log.commit((0..<300).map { Cluster.put($0, app: "backend") })
        _ = try log.commit((0..<300).map { Cluster.put($0, app: "batch") })
        let request = CatchUpRequest(
            from: Seq(300), to: log.head, form: .afterSnapshot,
            selection: try ResumeTests.frontend(),
            digest: .empty, count: 0)
        let limits = World.smallLimits
        var pager = CatchUpPager(request, limits: limits)
        var pages = 1
        loop: while true {
            switch try pager.nextPage(ModelEvents(log: log, eventsPerRead: 4)) {
            case .frames(let buffer): #expect(buffer.readableBytes == 0)
            case .last(let buffer):
                #expect(buffer.readableBytes == 0)
                break loop
            case .snapshotIsCheaper, .records: throw Violation("not asked for")
            }
            pages += 1
        }
        // Of two thirds of the events what stood before is not at hand: their keys are judged, the
        // first of them in the page that gathers the last.
        #expect(
            pages >= 300 / (4 * limits.readsPerPage) + 200 / limits.judgedPerPage - 1)
    }
}
