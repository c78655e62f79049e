import EndpointModel
import EndpointState
import Testing

@Suite("Ordered items")
struct OrderedItemsTests {
    /// What the structure must equal: a dictionary, sorted when asked.
    struct Model {
        var held: [EndpointKey: EncodedItem] = [:]

        var sorted: [EncodedItem] {
            held.sorted { $0.key < $1.key }.map(\.value)
        }

        func expectEqual(_ items: OrderedItems) {
            #expect(items.count == held.count)
            #expect(items.map(\.hash) == sorted.map(\.hash))
            #expect(items.first?.hash == sorted.first?.hash)
            #expect(items.last?.hash == sorted.last?.hash)
        }
    }

    @Test(
        "Random puts and removes equal a sorted dictionary, and no pinned version moves (G5, G6)",
        arguments: [1, 2, 3, 4] as [UInt64])
    func model(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var items = OrderedItems()
        var model = Model()
        var pins: [(OrderedItems, Model)] = []
        for seq in 1...6_000 as ClosedRange<UInt64> {
            // Grows, then shrinks: splits first, joins later.
            let puts = seq < 3_000 ? 80 : 30
            let key = Fixture.key(Int.random(in: 0..<2_000, using: &generator))
            if Int.random(in: 0..<100, using: &generator) < puts {
                let item = try Fixture.put(seq, key, content: seq)
                let old = items.put(item)
                #expect(old?.hash == model.held.updateValue(item, forKey: key)?.hash)
            } else {
                let old = items.remove(key)
                #expect(old?.hash == model.held.removeValue(forKey: key)?.hash)
            }
            #expect(items.item(forKey: key)?.hash == model.held[key]?.hash)
            if seq.isMultiple(of: 500) { pins.append((items, model)) }
        }
        model.expectEqual(items)
        for (pin, past) in pins { past.expectEqual(pin) }
    }

    @Test("A cursor goes on behind a key whether or not that key is still there")
    func cursor() throws {
        var items = OrderedItems()
        var model = Model()
        for number in 0..<1_000 {
            let item = try Fixture.put(UInt64(number) + 1, Fixture.key(number))
            _ = items.put(item)
            model.held[item.key] = item
        }
        let sorted = model.sorted
        var after: EndpointKey?
        var seen: [EncodedItem] = []
        while true {
            let page = items.items(after: after, limit: 7)
            seen += page
            guard let last = page.last else { break }
            after = last.key
            _ = items.remove(last.key)
        }
        #expect(seen.map(\.hash) == sorted.map(\.hash))
        #expect(items.items(after: EndpointKey(namespace: "zz", name: "z"), limit: 5).isEmpty)
    }

    @Test("Removing everything leaves nothing, in whatever order it goes")
    func emptying() throws {
        var generator = SeededGenerator(state: 9)
        var items = OrderedItems()
        var keys = (0..<1_000).map(Fixture.key)
        for (index, key) in keys.enumerated() {
            _ = items.put(try Fixture.put(UInt64(index) + 1, key))
        }
        keys.shuffle(using: &generator)
        for key in keys {
            let removed = items.remove(key)
            #expect(removed != nil)
        }
        #expect(items.isEmpty)
        #expect(items.first == nil)
        #expect(items.map(\.seq) == [])
        let again = items.remove(keys[0])
        #expect(again == nil)
    }

    @Test("Appending takes ascending keys alone, and the result can be searched")
    func appending() throws {
        let sorted = try (0..<700).map { try Fixture.put(UInt64($0) + 1, Fixture.key($0)) }
            .sorted { $0.key < $1.key }
        var items = OrderedItems()
        for item in sorted {
            let isTaken = items.append(item) != nil
            #expect(isTaken)
        }
        for refused in [sorted[3], sorted[699]] {
            let isTaken = items.append(refused) != nil
            #expect(!isTaken)
        }
        #expect(items.count == 700)
        for item in sorted { #expect(items.item(withKeyOf: item)?.identity == item.identity) }
    }

    @Test("Keys stand in the order of their bytes, namespace first")
    func order() throws {
        let keys = [
            EndpointKey(namespace: "a", name: "z"), EndpointKey(namespace: "a", name: "zz"),
            EndpointKey(namespace: "a-b", name: "a"), EndpointKey(namespace: "ab", name: "A"),
            EndpointKey(namespace: "ab", name: "a"), EndpointKey(namespace: "ab", name: "é"),
        ]
        var items = OrderedItems()
        for (index, key) in keys.reversed().enumerated() {
            _ = items.put(try Fixture.put(UInt64(index) + 1, key))
        }
        #expect(items.map(\.key) == keys)
        #expect(items.map(\.key) == keys.sorted())
    }
}
