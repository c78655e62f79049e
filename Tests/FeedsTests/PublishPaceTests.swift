import Feeds
import Testing

@Suite("The pace of publishing")
struct PublishPaceTests {
    @Test("At rest it is at once, and said once for all that is wanted until then")
    func rest() {
        var pace = PublishPace()
        #expect(pace.wanted(at: 1_000) == .soon)
        #expect(pace.wanted(at: 1_001) == nil)
        pace.begun(at: 1_010)
        pace.ended(at: 1_030)
        #expect(pace.wanted(at: 1_050) == .soon)
    }

    @Test("After it the thread is free for as long as it took")
    func load() {
        var pace = PublishPace()
        _ = pace.wanted(at: 1_000)
        pace.begun(at: 1_000)
        pace.ended(at: 1_400)
        #expect(pace.wanted(at: 1_500) == .at(1_800))
        #expect(pace.wanted(at: 1_900) == nil)
        pace.begun(at: 1_900)
        pace.ended(at: 1_910)
        #expect(pace.wanted(at: 1_919) == .at(1_920))
    }

    @Test("What is wanted while it goes on is for the next time")
    func meanwhile() {
        var pace = PublishPace()
        _ = pace.wanted(at: 1_000)
        pace.begun(at: 1_000)
        #expect(pace.wanted(at: 1_010) == .soon)
        pace.ended(at: 1_020)
        #expect(pace.wanted(at: 1_030) == nil)
    }

    @Test("Half of the thread's time at most goes into it, whatever it costs, and nothing waits on")
    func share() {
        var dice = Dice(seed: 31)
        var pace = PublishPace()
        var now: UInt64 = 0
        var spent: UInt64 = 0
        for _ in 0..<1_000 {
            // Always something to publish: a load without a pause.
            switch pace.wanted(at: now) {
            case .soon: break
            case .at(let due):
                #expect(due > now)
                now = due
            case nil: Issue.record("nothing was planned, and nobody was told")
            }
            let cost = UInt64(1 + dice.below(5_000))
            pace.begun(at: now)
            now += cost
            pace.ended(at: now)
            spent += cost
        }
        #expect(spent * 2 <= now + 5_000)
        #expect(spent * 2 >= now - 5_000)
    }
}
