import CattailServer
import Testing

@Suite("Who is to be flushed")
struct FlushQueueTests {
    @Test("What is added while a round goes on is for the round behind it, not for one inside")
    func rounds() {
        var queue = FlushQueue<Int>()
        var order: [String] = []

        func flush(depth: Int) {
            guard queue.begin() else { return order.append("left to the loop that runs") }
            while let round = queue.nextRound() {
                for element in round {
                    order.append("\(element) at depth \(depth)")
                    if element < 10 {
                        queue.add(element + 10)
                        flush(depth: depth + 1)
                    }
                }
            }
        }
        queue.add(1)
        queue.add(2)
        flush(depth: 0)
        #expect(
            order == [
                "1 at depth 0", "left to the loop that runs", "2 at depth 0",
                "left to the loop that runs", "11 at depth 0", "12 at depth 0",
            ])

        order = []
        queue.add(13)
        flush(depth: 0)
        #expect(order == ["13 at depth 0"])
    }

    @Test("A thousand that are written to are flushed once each")
    func once() {
        var queue = FlushQueue<Int>()
        for element in 0..<1_000 { queue.add(element) }
        var flushes = 0
        let isFirst = queue.begin()
        #expect(isFirst)
        while let round = queue.nextRound() {
            for _ in round {
                flushes += 1
                let isNested = queue.begin()
                #expect(!isNested)
            }
        }
        #expect(flushes == 1_000)
    }
}
