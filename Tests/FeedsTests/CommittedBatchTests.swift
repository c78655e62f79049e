import EndpointModel
import EndpointState
import Feeds
import Testing

@Suite("A commit in pieces")
struct CommittedBatchTests {
    /// Records of puts, with events in between: r rights, e an epoch.
    private static func batch(_ story: String) throws -> (CommittedBatch, base: Position) {
        var log = ModelLog()
        let base = log.head
        let first = log.records.count
        var changes: [EndpointView.Change] = []
        var number = 0
        for letter in story {
            let event: ControlEvent
            switch letter {
            case "r": event = .rights(Rights())
            case "e": event = .epoch(Epoch(number: log.head.epoch.number + 1, leaderID: 9))
            default:
                number += 1
                let batch = try #require(try log.commit([Cluster.put(number)]))
                changes += batch.changes
                continue
            }
            changes += try log.commit(event).changes
        }
        let batch = CommittedBatch(
            records: Array(log.records[first...]), changes: changes, position: log.head)
        return (batch, base)
    }

    @Test(
        "G13: a commit is cut behind each event of rights, and each piece stands at its position",
        arguments: [
            ("ppp", [3]), ("r", [1]), ("ppr", [3]), ("rpp", [1, 2]), ("prprp", [2, 2, 1]),
            ("rr", [1, 1]), ("perpp", [3, 2]), ("epp", [3]),
        ])
    func cuts(story: String, counts: [Int]) throws {
        let (batch, base) = try Self.batch(story)
        let pieces = batch.cutAtRights(behind: base)
        #expect(pieces.map(\.records.count) == counts)
        #expect(pieces.flatMap(\.records).map(\.seq) == batch.records.map(\.seq))
        #expect(pieces.flatMap(\.changes).map(\.item.seq) == batch.records.map(\.seq))
        var position = base
        for piece in pieces {
            var chain = position.chain
            for record in piece.records { chain = chain.followed(by: record.hash) }
            #expect(piece.position.seq == piece.records.last?.seq)
            #expect(piece.position.chain == chain)
            position = piece.position
        }
        #expect(position == batch.position)
        let marked = pieces.map(\.endsInRights)
        #expect(marked.filter(\.self).count == story.filter { $0 == "r" }.count)
    }
}
