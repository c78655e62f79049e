import EndpointModel
import EndpointState
import Feeds
import SyncProtocol
import Testing

@Suite("A critical event of an unknown type (R19)")
struct UnknownEventTests {
    /// Subscribers in every phase: at the tail, stuck in a snapshot, in a catch-up, waiting for
    /// its feed; and one of the log.
    private struct Crowd {
        var world: World
        var states: [SubscriberID] = []
        let log: SubscriberID

        init() throws {
            let (parked, held) = try ResumeTests.parked(ResumeTests.frontend(), endpoints: 12)
            world = parked
            states.append(try world.subscribeNew(.everything))
            log = try world.subscribeToLog(from: .origin(of: world.log.head.logID))
            try world.settle()
            let stuck = try world.subscribeNew(.everything)
            world.connections[stuck]?.socket = .stuck
            states.append(stuck)
            for _ in 0..<40 { try world.commit([Cluster.put(1, app: "frontend")]) }
            guard let position = held.position else { throw Violation("nothing is held") }
            states.append(try world.subscribe(held, start: .resume(position)))
            let other = try Selection(selector: Selector(parsing: "app == 'batch'"))
            states.append(try world.subscribeNew(other))
        }
    }

    @Test("Nobody is given a state from its commit on, whatever they were waiting for (G6, R19)")
    func turnedAway() throws {
        var crowd = try Crowd()
        // Committed and not published yet: it goes out before the state ends.
        try crowd.world.takeUp([Cluster.put(5, app: "backend")])
        try crowd.world.commitUnknown(behind: [Cluster.put(3, app: "backend")])
        let unknown = UnknownEvent(seq: crowd.world.log.head.seq, type: 9)
        #expect(Set(crowd.world.seen.turnedAway) == Set(crowd.states))
        #expect(crowd.world.seen.unknownEvents == [unknown])
        // What was underway elsewhere ends in nothing: a write for one that has gone would throw.
        try crowd.world.settle()
        try crowd.world.passTime(1_000)
        try crowd.world.settle()
        let late = try crowd.world.subscribeNew(.everything)
        #expect(crowd.world.seen.turnedAway.last == late)
        try crowd.world.commit([Cluster.delete(3)])
        try crowd.world.commitUnknown(behind: [])
        #expect(crowd.world.seen.unknownEvents == [unknown])
        #expect(crowd.world.hub.state.seq == unknown.lastKnown)
        for id in crowd.states { #expect(crowd.world.hub.progress(of: id) == nil) }
    }

    @Test("Subscribers of the log get it and all that follows (G4, R19)")
    func forwarded() throws {
        var crowd = try Crowd()
        try crowd.world.commitUnknown(behind: [Cluster.put(3, app: "backend")])
        try crowd.world.commit([Cluster.put(4, app: "batch")])
        let late = try crowd.world.subscribeToLog(from: crowd.world.log.position(at: Seq(2)))
        try crowd.world.settle()
        for id in [crowd.log, late] {
            #expect(crowd.world.connections[id]?.heldSeq == crowd.world.log.head.seq)
            #expect(crowd.world.connections[id]?.isInSync == true)
        }
    }

    @Test("A hub over a log that holds one serves the log and no state (R19)")
    func fromTheStart() throws {
        var log = ModelLog()
        _ = try log.commit([Cluster.put(1)])
        _ = try log.commitControl(.critical, behind: [])
        var hub = FeedHub(position: log.head, view: log.view)
        let id = SubscriberID(rawValue: 1)
        let actions = hub.subscribe(id, to: .everything, .items, start: .snapshot(.noToken))
        guard actions.count == 1, case .turnAway(id, let event)? = actions.first else {
            Issue.record("it was served: \(actions)")
            return
        }
        #expect(event == UnknownEvent(seq: Seq(2), type: 9))
        #expect(!hub.subscribeToLog(id, held: log.position(at: Seq(1))).isEmpty)
    }
}
