import EndpointModel
import Feeds
import SyncProtocol
import Testing

/// Where one way forward becomes dearer than the next.
@Suite("The cheapest way forward")
struct CheapestWayTests {
    @Test("More keys than the fewest of deltas, fewer than the endpoints: a net change (G8)")
    func netChange() throws {
        var (world, held) = try ResumeTests.parked(.everything, endpoints: 60)
        let keys = 25
        #expect(keys > world.limits.deltaEvents)
        for round in 0..<2 * keys {
            let node = "node-\(round % 3)"
            try world.commit([Cluster.put(round % keys, app: "batch", node: node)])
        }
        let connection = try ResumeTests.comeBack(held, to: &world)
        #expect(connection.resyncs.map(\.how) == [.netChange])
        #expect(world.seen.catchUps == [.netChange: 1])
        #expect(world.seen.snapshotsCheaper == 0)
    }
}
