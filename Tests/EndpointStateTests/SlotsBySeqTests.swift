import EndpointModel
import EndpointState
import Testing

@Suite("Slots by the seqs of their items")
struct SlotsBySeqTests {
    @Test(
        "Random inserts and removes equal a dictionary, and no copy moves (G6)",
        arguments: [1, 2, 3, 4] as [UInt64])
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var table = SlotsBySeq(OrderedItems())
        var held: [UInt64: OrderedItems.Slot] = [:]
        var pins: [(SlotsBySeq, [UInt64: OrderedItems.Slot])] = []
        for seq in 1...6_000 as ClosedRange<UInt64> {
            // Grows, then shrinks.
            let inserts = seq < 3_000 ? 80 : 30
            if Int.random(in: 0..<100, using: &generator) < inserts {
                let slot = OrderedItems.Slot(Int.random(in: 0..<1_000, using: &generator))
                table.insert(slot, at: Seq(seq))
                held[seq] = slot
            } else if let old = held.keys.randomElement(using: &generator) {
                held[old] = nil
                table.remove(Seq(old))
                table.remove(Seq(old))
            }
            if seq.isMultiple(of: 1_500) { pins.append((table, held)) }
        }
        pins.append((table, held))
        for (pin, past) in pins {
            #expect(pin.count == past.count)
            for seq in 1...6_001 as ClosedRange<UInt64> {
                #expect(pin.slot(at: Seq(seq)) == past[seq])
            }
        }
    }

    @Test("Made of a whole state it finds every item, and no other seq")
    func whole() throws {
        var items = OrderedItems()
        for seq in 1...1_000 as ClosedRange<UInt64> {
            _ = items.put(try Fixture.put(seq << 32 | 5, Fixture.key(Int(seq)), content: seq))
        }
        let table = SlotsBySeq(items)
        #expect(table.count == 1_000)
        for item in items {
            let slot = try #require(table.slot(at: item.seq))
            #expect(items.item(at: slot).identity == item.identity)
        }
        #expect(table.slot(at: Seq(5)) == nil)
        #expect(SlotsBySeq(OrderedItems()).slot(at: Seq(1)) == nil)
    }
}
