import EndpointModel
import EndpointState
import Feeds
import NIOCore
import SyncProtocol
import Testing

/// What is done once for many: frames, parts of snapshots, routes, patches.
@Suite("Work that is done once")
struct SharedWorkTests {
    private func large(_ number: Int, app: String = "frontend", node: String = "node-0")
        -> ModelLog.Wish
    {
        ModelLog.Wish(
            key: Cluster.key(number),
            endpoint: Cluster.endpoint(
                app: app, node: node, containerID: String(repeating: "0123456789", count: 20)))
    }

    @Test("Commits that gather come as one frame with one mark, and nothing before it")
    func gathers() throws {
        var world = World()
        try world.commit([large(0)])
        let id = try world.subscribeNew(.everything)
        try world.settle()
        let held = world.log.head.seq
        let before = world.hub.counters
        for number in 1...5 { try world.takeUp([large(number)]) }
        #expect(world.hub.counters.writes == before.writes)
        #expect(world.connections[id]?.heldSeq == held)
        try world.publish()
        #expect(world.hub.counters.framesEncoded == before.framesEncoded + 1)
        #expect(world.hub.counters.writes == before.writes + 1)
        try world.settle()
        #expect(world.connections[id]?.heldSeq == world.log.head.seq)
    }

    @Test("Whoever comes while changes gather is told of no position without them")
    func comesWhileGathering() throws {
        for form in [DeltaForm.items, .patches] {
            var world = World()
            try world.commit([large(0), large(1)])
            let early = try world.subscribeNew(.everything, form)
            try world.settle()
            try world.takeUp([large(0, app: "batch")])
            let late = try world.subscribeNew(.everything, form)
            try world.takeUp([large(1, app: "batch"), Cluster.delete(0)])
            try world.settle()
            for id in [early, late] {
                #expect(world.connections[id]?.heldSeq == world.log.head.seq)
                #expect(world.connections[id]?.isInSync == true)
            }
        }
    }

    @Test("A snapshot's parts are encoded once for all who take it, and again where one changes")
    func parts() throws {
        var world = World()
        try world.commit((0..<40).map { large($0) })
        _ = try world.subscribeNew(.everything)
        try world.settle()
        let first = world.hub.counters
        for _ in 0..<20 { try world.subscribeNew(.everything) }
        try world.settle()
        #expect(world.hub.counters.partsMade == first.partsMade)
        #expect(first.partsMade > 5)
        try world.commit([large(17, app: "batch")])
        try world.subscribeNew(.everything)
        try world.settle()
        #expect(world.hub.counters.partsMade == first.partsMade + 1)
    }

    @Test("Parts follow keys that come and go, whatever is kept of them", arguments: 1...20)
    func partsUnderChange(seed: Int) throws {
        var world = World()
        var dice = Dice(seed: UInt64(seed))
        try world.commit((0..<30).map { large($0) })
        for _ in 0..<40 {
            let wishes = (0..<1 + dice.below(30)).map { _ in
                let number = dice.below(60)
                return dice.oneIn(2)
                    ? Cluster.delete(number) : large(number, app: dice.pick(Cluster.apps))
            }
            try world.commit(wishes)
            let id = try world.subscribeNew(.everything, dice.oneIn(2) ? .items : .patches)
            try world.settle()
            #expect(world.connections[id]?.heldSeq == world.log.head.seq)
            _ = try world.cut(id)
        }
    }

    @Test("Frames of snapshots give way when more is kept than may be")
    func budget() throws {
        var limits = World.smallLimits
        limits.keptBytes = 1_000
        var world = World(limits: limits)
        try world.commit((0..<40).map { large($0) })
        _ = try world.subscribeNew(.everything)
        try world.settle()
        let first = world.hub.counters.partsMade
        #expect(world.hub.keptBytes > limits.keptBytes)
        try world.passTime(1)
        #expect(world.hub.keptBytes <= limits.keptBytes)
        _ = try world.subscribeNew(.everything)
        try world.settle()
        #expect(world.hub.counters.partsMade == 2 * first)
    }

    @Test("An event is a question to the feeds that it may touch, and to no other")
    func routes() throws {
        var world = World()
        for node in Cluster.nodes { try world.commit([large(0, node: node)]) }
        let selections = try [
            Selection(node: "node-1"), Selection(node: "node-2"), Selection(namespace: "ns-2"),
            Selection(selector: Selector(parsing: "app == 'batch'")),
            Selection(selector: Selector(parsing: "app in {'backend', 'batch'}")),
            Selection(selector: Selector(parsing: "has(quarantine)")),
        ]
        for selection in selections { try world.subscribeNew(selection) }
        try world.settle()
        func questions(_ wish: ModelLog.Wish) throws -> UInt64 {
            let before = world.hub.counters.questions
            try world.commit([wish])
            try world.settle()
            return world.hub.counters.questions - before
        }
        // A new one on node-0 in ns-0, app=frontend: nobody's.
        #expect(try questions(large(3)) == 0)
        // It moves to node-1 and becomes batch: node-1, and both selectors of the app.
        #expect(try questions(large(3, app: "batch", node: "node-1")) == 3)
        // It is backend again: asks those of batch too, once each.
        #expect(try questions(large(3, app: "backend", node: "node-1")) == 3)
        // It goes.
        #expect(try questions(Cluster.delete(3)) == 2)
        #expect(try questions(large(5)) == 1)
    }

    @Test("One label of a large endpoint costs a patch, and only who asked for patches gets one")
    func patches() throws {
        var world = World()
        try world.commit((0..<4).map { large($0) })
        _ = try world.subscribeNew(.everything, .items)
        try world.settle()
        var before = world.hub.counters.bytesWritten
        try world.commit([large(2, app: "batch")])
        try world.settle()
        let whole = world.hub.counters.bytesWritten - before
        let patched = try world.subscribeNew(.everything, .patches)
        try world.settle()
        before = world.hub.counters.bytesWritten
        try world.commit([large(2, app: "backend")])
        try world.settle()
        let both = world.hub.counters.bytesWritten - before
        #expect(both - whole < whole - 40)
        #expect(world.connections[patched]?.heldSeq == world.log.head.seq)
    }

    @Test("One label in a frame of its own is 120 bytes at most, its mark and digest included")
    func frameOfOneLabel() throws {
        var world = World()
        try world.commit((0..<4).map { large($0) })
        _ = try world.subscribeNew(.everything, .patches)
        try world.settle()
        let before = world.hub.counters.bytesWritten
        try world.commit([large(2, app: "batch")])
        try world.settle()
        // Two seqs stand in it, of one byte here and of five in a log of a billion events.
        #expect(world.hub.counters.bytesWritten - before <= 120 - 8)
    }

    @Test("Marks of shared frames lead to whole positions, whoever leads the log (G7, G8)")
    func steps() throws {
        for form in [DeltaForm.items, .patches] {
            var world = World()
            try world.commit([large(0)])
            let id = try world.subscribeNew(.everything, form)
            let quiet = try world.subscribeNew(Selection(node: "node-1"), form)
            try world.settle()
            for round in 0..<3 {
                try world.commit([large(0, app: Cluster.apps[round % Cluster.apps.count])])
                if round > 0 { try world.commitEpoch(before: [large(round)]) }
                try world.markAlong(quiet)
                try world.settle()
                for id in [id, quiet] {
                    #expect(world.connections[id]?.heldPosition == world.log.head)
                }
            }
        }
    }
}
