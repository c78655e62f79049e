import Feeds
import Testing

@Suite("The pace of publishing")
struct PublishPaceTests {
    @Test("At rest it is at once, and said once for all that is wanted until then")
    func rest() {
        var pace = PublishPace()
        #expect(pace.wanted(at: 1_000) == .soon)
        #expect(pace.wanted(at: 1_001) == nil)
        pace.begun()
        pace.ended(at: 1_030, cost: 20)
        #expect(pace.wanted(at: 1_090) == .soon)
    }

    @Test("After it the thread is free for three times what it cost")
    func load() {
        var pace = PublishPace()
        _ = pace.wanted(at: 1_000)
        pace.begun()
        pace.ended(at: 1_400, cost: 400)
        #expect(pace.wanted(at: 1_500) == .at(2_600))
        #expect(pace.wanted(at: 2_600) == nil)
        pace.begun()
        pace.ended(at: 2_610, cost: 10)
        #expect(pace.wanted(at: 2_639) == .at(2_640))
    }

    @Test("Waiting for a processor is no cost: a busy machine is not waited for once more")
    func busyMachine() {
        var pace = PublishPace()
        _ = pace.wanted(at: 1_000)
        pace.begun()
        pace.ended(at: 9_000, cost: 100)
        #expect(pace.wanted(at: 9_000) == .at(9_300))
    }

    @Test("What is wanted while it goes on is for the next time")
    func meanwhile() {
        var pace = PublishPace()
        _ = pace.wanted(at: 1_000)
        pace.begun()
        #expect(pace.wanted(at: 1_010) == .soon)
        pace.ended(at: 1_020, cost: 20)
        #expect(pace.wanted(at: 1_030) == nil)
    }

    @Test(
        "A quarter of the thread's time at most goes into it, whatever it costs, and nothing waits on"
    )
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
            pace.begun()
            now += cost
            pace.ended(at: now, cost: cost)
            spent += cost
        }
        #expect(spent * 4 <= now + 15_000)
        #expect(spent * 4 >= now - 15_000)
    }
}
