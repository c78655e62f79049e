import ReplicaCore
import SyncProtocol
import Testing

/// Who finds itself above itself.
@Suite("Where a follower's log comes from")
struct ReplicationPathTests {
    static func node(_ number: UInt64) -> NodeID { NodeID(high: 1, low: number) }

    @Test("Of a ring of any length one node finds itself in it", arguments: 1...8)
    func ring(of count: Int) {
        var paths = (0..<count).map { ReplicationPath(own: Self.node(UInt64($0))) }
        // Each follows the one before it, and all tell what they know, round after round.
        var found: [Int] = []
        for _ in 0..<count where found.isEmpty {
            let told = paths.map(\.nodes)
            for place in 0..<count {
                let above = told[(place + count - 1) % count]
                if paths[place].heard(above: above) != nil { found.append(place) }
            }
        }
        #expect(!found.isEmpty)
    }

    @Test("A chain is as long as it may be, and what is told follows its changes")
    func chain() {
        var path = ReplicationPath(own: Self.node(0))
        #expect(path.nodes == [Self.node(0)])
        let above = (1...UInt64(Limits.relays)).map(Self.node)
        #expect(path.heard(above: above) != nil)
        #expect(path.nodes == [Self.node(0)])
        #expect(path.heard(above: Array(above.dropLast())) == nil)
        #expect(path.nodes == above.dropLast() + [Self.node(0)])
        path.lost()
        #expect(path.nodes == [Self.node(0)])
        #expect(ReplicationPath(own: nil).nodes.isEmpty)
    }

    @Test("An upstream that is cut off is borne with for a while, from when that was heard first")
    func patience() {
        let limit = UpstreamPatience.milliseconds
        var patience = UpstreamPatience()
        #expect(!patience.isOver(at: 10 * limit))
        patience.heard(isStale: true, at: 1_000)
        patience.heard(isStale: true, at: 2_000)
        #expect(!patience.isOver(at: 999 + limit))
        #expect(patience.isOver(at: 1_000 + limit))
        patience.heard(isStale: false, at: 3_000)
        #expect(!patience.isOver(at: 10 * limit))
        patience.heard(isStale: true, at: 4_000)
        patience.lost()
        #expect(!patience.isOver(at: 10 * limit))
    }
}
