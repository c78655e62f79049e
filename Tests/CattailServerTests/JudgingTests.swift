import CattailClient
import CattailServer
import CattailTestKit
import Testing

extension ServerTests {
    @Suite("The judge of feeds")
    struct Judging {
        @Test("G6: a running node judges its feeds as its clock ticks, and finds them sound")
        func judges() async throws {
            let folder = try TemporaryFolder()
            let clock = ManualClock()
            let node = try await TestNode.leader(in: folder.path("leader")) {
                $0.sessionClock = clock.clock
            }
            let client = node.client()
            let agent = await Agent.start(node.address)
            try await agent.untilInSync()
            for number in 0..<5 as Range<UInt64> {
                try await client.apply(Sample.endpoint(Int(number)))
                clock.advance(seconds: 1)
                try await node.tick()
                let status = try await node.status("the feed is judged") {
                    $0.counters["feedsJudged"] == number + 1
                }
                #expect(status.counters["feedDifferences"] == 0)
            }
            await agent.close()
            await client.close()
            try await node.stop()
        }
    }
}
