import EndpointModel
import EndpointState
import Foundation
import Testing

/// A clock informs, it does not gate: run with `CATTAIL_MEASURE=1`.
@Suite("Fold speed", .enabled(if: ProcessInfo.processInfo.environment["CATTAIL_MEASURE"] != nil))
struct FoldSpeed {
    @Test("Folding over 100,000 live keys: updates, and deletes with creations")
    func speed() throws {
        let keys = 100_000 as UInt64
        var generator = SeededGenerator(state: 1)
        var view = EndpointView()
        let names = (0..<Int(keys)).map(Fixture.key).shuffled(using: &generator)
        let creations = try names.enumerated().map { try Fixture.put(UInt64($0 + 1), $1) }
        let updates = try names.enumerated().map {
            try Fixture.put(keys + UInt64($0 + 1), $1, previous: UInt64($0 + 1))
        }.shuffledInSeqs(from: keys, using: &generator)
        let deletes = try names.indices.map { index in
            try Fixture.delete(
                2 * keys + UInt64(index + 1), names[index],
                previous: updates.lastSeqs[names[index]] ?? 0)
        }
        measure("create") { for item in creations { _ = try? view.fold(item) } }
        measure("update") { for item in updates.items { _ = try? view.fold(item) } }
        #expect(view.count == Int(keys))
        measure("delete") { for item in deletes { _ = try? view.fold(item) } }
        #expect(view.seq == Seq(3 * keys))
    }

    private func measure(_ what: String, _ body: () -> Void) {
        let time = ContinuousClock().measure(body)
        print("fold \(what): \(time / 100_000) each")
    }
}

extension [EncodedItem] {
    /// The same keys updated in another order.
    fileprivate func shuffledInSeqs(
        from base: UInt64, using generator: inout SeededGenerator
    ) throws -> (items: [EncodedItem], lastSeqs: [EndpointKey: Seq.RawValue]) {
        var last: [EndpointKey: UInt64] = [:]
        let items = try shuffled(using: &generator).enumerated().map { index, item in
            let seq = base + UInt64(index + 1)
            last[item.key] = seq
            return try Fixture.put(seq, item.key, previous: item.previousSeq.rawValue, content: seq)
        }
        return (items, last)
    }
}
