import EndpointModel
import EndpointState
import Testing

@Suite("A table of keys")
struct KeyTableTests {
    @Test(
        "Random puts and removes equal a dictionary, and no copy moves (G5)",
        arguments: [1, 2, 3, 4] as [UInt64], [0, 8])
    func model(seed: UInt64, shardBits: Int) throws {
        var generator = SeededGenerator(state: seed)
        var table = KeyTable(shardBits: shardBits)
        var model: [EndpointKey: EncodedItem] = [:]
        var pins: [(KeyTable, [EndpointKey: EncodedItem])] = []
        for seq in 1...6_000 as ClosedRange<UInt64> {
            // Grows, then shrinks.
            let puts = seq < 3_000 ? 80 : 30
            let key = Fixture.key(Int.random(in: 0..<1_000, using: &generator))
            let item = try Fixture.put(seq, key, content: seq)
            if Int.random(in: 0..<100, using: &generator) < puts {
                #expect(table.put(item)?.identity == model.updateValue(item, forKey: key)?.identity)
            } else {
                #expect(
                    table.remove(keyOf: item)?.identity == model.removeValue(forKey: key)?.identity)
            }
            if seq.isMultiple(of: 1_500) { pins.append((table, model)) }
        }
        pins.append((table, model))
        for (pin, past) in pins {
            #expect(pin.count == past.count)
            for number in 0..<1_000 {
                let key = Fixture.key(number)
                #expect(pin.item(forKey: key)?.identity == past[key]?.identity)
            }
        }
    }

    @Test("Keys are told apart by their bytes and by where the namespace ends")
    func keys() throws {
        var table = KeyTable()
        let first = try Fixture.put(1, EndpointKey(namespace: "a", name: "bc"))
        let second = try Fixture.put(2, EndpointKey(namespace: "ab", name: "c"))
        let composed = try Fixture.put(3, EndpointKey(namespace: "a", name: "caf\u{E9}"))
        let decomposed = try Fixture.put(4, EndpointKey(namespace: "a", name: "cafe\u{301}"))
        for item in [first, second, composed, decomposed] { #expect(table.put(item) == nil) }
        #expect(table.count == 4)
        #expect(table.item(forKey: first.key)?.identity == first.identity)
        #expect(table.item(forKey: second.key)?.identity == second.identity)
        #expect(table.item(forKey: composed.key)?.identity == composed.identity)
        #expect(table.item(forKey: decomposed.key)?.identity == decomposed.identity)
    }
}
