import EndpointModel
import Feeds
import Testing

/// Events that many want after a restart.
@Suite("Events that were read a moment ago")
struct RecentEventsTests {
    static func events(_ count: Int) throws -> [SourcedEvent] {
        var log = ModelLog()
        for number in 0..<count { _ = try log.commit([Cluster.put(number)]) }
        return try ModelEvents(log: log, eventsPerRead: UInt64(count))
            .events(from: Seq(1), through: Seq(UInt64(count)))
    }

    static func run(_ recent: RecentEvents, _ first: UInt64, _ last: UInt64, limit: Int = 100)
        -> [UInt64]
    {
        recent.run(from: Seq(first), through: Seq(last), limit: limit).map(\.record.seq.rawValue)
    }

    @Test("A run ends at the first gap, behind the last that is wanted, and at its limit")
    func runs() throws {
        let events = try Self.events(9)
        var recent = RecentEvents(byteLimit: 1 << 20)
        recent.keep(Array(events[..<4]))
        recent.keep(Array(events[5...]))
        #expect(Self.run(recent, 2, 9) == [2, 3, 4])
        #expect(Self.run(recent, 2, 3) == [2, 3])
        #expect(Self.run(recent, 6, 9, limit: 2) == [6, 7])
        #expect(Self.run(recent, 5, 9).isEmpty)
        #expect(recent.event(at: Seq(4))?.chain == events[3].chain)
        #expect(recent.event(at: Seq(5)) == nil)
    }

    @Test("What is kept stays below its limit: the oldest go, and come again when asked for (G9)")
    func bound() throws {
        let events = try Self.events(9)
        var one = RecentEvents(byteLimit: .max)
        one.keep([events[0]])
        var recent = RecentEvents(byteLimit: 4 * one.byteCount)
        for event in events {
            recent.keep([event])
            #expect(recent.byteCount <= 4 * one.byteCount)
        }
        #expect(recent.event(at: Seq(1)) == nil)
        #expect(recent.event(at: Seq(9)) != nil)
        let before = recent.byteCount
        recent.keep([events[8]])
        #expect(recent.byteCount == before)
        recent.keep([events[0]])
        #expect(recent.event(at: Seq(1)) != nil)
    }
}
