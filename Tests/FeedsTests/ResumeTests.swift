import EndpointModel
import Feeds
import SyncProtocol
import Testing

/// One subscriber that comes back, and what it costs.
@Suite("Resuming")
struct ResumeTests {
    static func frontend() throws -> Selection {
        try Selection(selector: Selector(parsing: "app == 'frontend'"))
    }

    /// A world with `count` endpoints, half of them selected, and a subscriber of the selection
    /// that holds its head and has just been cut.
    static func parked(_ selection: Selection, endpoints count: Int) throws -> (World, HeldState) {
        var world = World()
        for number in 0..<count {
            let app = number.isMultiple(of: 2) ? "frontend" : "backend"
            try world.commit([Cluster.put(number, app: app)])
        }
        let id = try world.subscribeNew(selection)
        try world.settle()
        guard case .state(let held)? = try world.cut(id) else { throw Violation("cut") }
        return (world, held)
    }

    static func comeBack(_ held: HeldState, to world: inout World) throws -> ModelConnection {
        guard let position = held.position else { throw Violation("nothing is held") }
        let id = try world.subscribe(held, start: .resume(position))
        try world.settle()
        guard let connection = world.connections[id] else { throw Violation("gone") }
        #expect(connection.isInSync)
        #expect(connection.heldSeq == world.log.head.seq)
        return connection
    }

    @Test("A resume inside the ring gets deltas and reads nothing from the log (G8)")
    func insideRing() throws {
        var (world, held) = try Self.parked(Self.frontend(), endpoints: 10)
        try world.commit([Cluster.put(1, app: "frontend"), Cluster.delete(2)])
        let before = world.hub.counters
        let connection = try Self.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.deltas])
        #expect(world.seen.catchUps[.deltas] == nil)
        #expect(world.hub.counters.resyncs[.snapshot] == before.resyncs[.snapshot])
        #expect(world.hub.counters.framesEncoded == before.framesEncoded)
    }

    @Test("A resume behind events that did not touch the feed costs one mark (G8)")
    func untouched() throws {
        var (world, held) = try Self.parked(Self.frontend(), endpoints: 10)
        for _ in 0..<40 {
            try world.commit([Cluster.put(1, app: "backend", node: "node-1")])
            try world.commit([Cluster.put(1, app: "backend", node: "node-2")])
        }
        let written = world.hub.counters.bytesWritten
        let connection = try Self.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.deltas])
        #expect(connection.marks == 1)
        #expect(world.hub.counters.bytesWritten - written < 500)
        #expect(world.seen.catchUps.isEmpty)
    }

    @Test("A resume behind the ring but few events gets each of them (G8)")
    func fewEvents() throws {
        var (world, held) = try Self.parked(.everything, endpoints: 10)
        // Few events of many bytes: the ring has let go of them.
        var dice = Dice(seed: 3)
        for number in 0..<10 {
            let endpoint = Cluster.endpoint(
                app: "batch", node: "node-0", containerID: Cluster.noise(100, &dice))
            try world.commit([.init(key: Cluster.key(number), endpoint: endpoint)])
        }
        let connection = try Self.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.deltas])
        #expect(world.seen.catchUps == [.deltas: 1])
        #expect(world.seen.snapshotsCheaper == 0)
    }

    @Test("Many events on few keys come as their net change, not as a snapshot (G8)")
    func netChange() throws {
        var (world, held) = try Self.parked(.everything, endpoints: 40)
        for round in 0..<60 {
            let node = "node-\(round % 3)"
            try world.commit([Cluster.put(round % 3, app: "batch", node: node)])
        }
        let connection = try Self.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.netChange])
        #expect(world.seen.catchUps == [.netChange: 1])
        #expect(world.seen.snapshotsCheaper == 0)
    }

    @Test("When more keys changed than the selection has endpoints, a snapshot is cheaper (G8)")
    func snapshotIsCheaper() throws {
        var (world, held) = try Self.parked(.everything, endpoints: 4)
        for number in 100..<160 { try world.commit([Cluster.put(number)]) }
        for number in 100..<160 { try world.commit([Cluster.delete(number)]) }
        let connection = try Self.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.netChange, .snapshot])
        #expect(world.seen.snapshotsCheaper == 1)
    }

    /// 60 endpoints whose snapshot is several chunks long.
    static func large() throws -> World {
        var world = World()
        var dice = Dice(seed: 12)
        for number in 0..<60 {
            let endpoint = Cluster.endpoint(
                app: "batch", node: "node-0", containerID: Cluster.noise(8, &dice))
            try world.commit([.init(key: Cluster.key(number), endpoint: endpoint)])
        }
        return world
    }

    @Test("A cut snapshot goes on behind its last key, and no chunk is sent twice (G8)")
    func cutSnapshot() throws {
        var whole = try Self.large()
        try whole.subscribeNew(.everything)
        try whole.settle()
        var world = try Self.large()
        let id = try world.subscribeNew(.everything)
        for _ in 0..<5 { try world.drain(id, atMost: 1_400) }
        guard case .state(let held)? = try world.cut(id), let cursor = held.cursor else {
            throw Violation("no cursor")
        }
        #expect(held.position == nil)
        try world.commit([Cluster.delete(0), Cluster.put(3, app: "batch"), Cluster.put(70)])
        let before = world.hub.counters.bytesWritten
        let again = try world.subscribe(
            held, start: .cursor(start: cursor.start, lastKey: cursor.last))
        try world.settle()
        let connection = try #require(world.connections[again])
        #expect(connection.isInSync)
        #expect(connection.resyncs.map(\.how) == [.snapshot])
        #expect(connection.resyncs.first?.start == cursor.start)
        let rest = world.hub.counters.bytesWritten - before
        #expect(rest < whole.hub.counters.bytesWritten * 2 / 3)
    }

    @Test("A subscriber that needs a snapshot in mid-life is told again when it has arrived (G6)")
    func arrivesAgain() throws {
        var world = try Self.large()
        let id = try world.subscribeNew(.everything)
        try world.settle()
        world.connections[id]?.socket = .stuck
        for number in 100..<200 { try world.commit([Cluster.put(number), Cluster.delete(number)]) }
        world.connections[id]?.socket = .drains
        // The log moves on while the snapshot is sent, so its first mark is not the head.
        for number in 300..<330 where world.connections[id]?.resyncs.last?.how != .deltas {
            if !world.jobs.isEmpty { try world.finishJob(at: 0) }
            try world.drain(id, atMost: 500)
            try world.commit([Cluster.put(number)])
        }
        try world.settle()
        let connection = try #require(world.connections[id])
        #expect(connection.resyncs.map(\.how) == [.snapshot, .snapshot])
        #expect(connection.isInSync)
    }

    @Test("A position of another history gets an explicit reset, never deltas (G7)")
    func otherHistory() throws {
        for reason in [SnapshotReason.otherHistory, .otherLog] {
            var (world, held) = try Self.parked(.everything, endpoints: 6)
            let id = try world.subscribe(held, start: .snapshot(reason))
            try world.settle()
            let connection = try #require(world.connections[id])
            #expect(connection.resyncs.map(\.how) == [.reset])
            #expect(connection.isInSync)
        }
    }

    @Test("Who wants another selection than its token says gets a snapshot, named so (G7)")
    func otherSelection() throws {
        var (world, held) = try Self.parked(.everything, endpoints: 6)
        let id = try world.subscribe(held, start: .snapshot(.otherSelection))
        try world.settle()
        let connection = try #require(world.connections[id])
        #expect(connection.resyncs.map(\.how) == [.snapshot])
        #expect(connection.resyncs.map(\.reason) == [.otherSelection])
    }

    @Test("A feed that was dropped and made again takes no members of the one before (G6)")
    func lateMembers() throws {
        var world = World()
        try world.commit([Cluster.put(0), Cluster.put(2)])
        let first = try world.subscribeNew(Self.frontend())
        _ = try world.cut(first)
        try world.passTime(1_000)
        try world.commit([Cluster.delete(0), Cluster.put(4)])
        try world.subscribeNew(Self.frontend())
        // Both gatherings finish, the old one first.
        try world.settle()
        let connection = try #require(world.connections.values.first)
        #expect(connection.isInSync)
        #expect(connection.heldSeq == world.log.head.seq)
    }
}
