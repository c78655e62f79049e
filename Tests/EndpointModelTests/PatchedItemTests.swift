import EndpointModel
import Testing

/// An item that is made of the one before must be what a look at all of its bytes finds.
@Suite("Items made of the one before")
struct PatchedItemTests {
    @Test(
        "A patched item is refused when its bytes are, and else is the same item (G12)",
        arguments: 1...8 as ClosedRange<UInt64>)
    func judgedAsAWhole(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var taken = 0
        for round in 0..<2_000 {
            let old = try Self.item(&random)
            let edit = Edit(of: old, &random)
            let whole = Result { try Self.whole(edit.endpoint, behind: old) }
            let made = Result {
                try old.patched(
                    seq: Seq(300), changed: edit.changed, endpointByteCount: edit.endpoint.count
                ) { $0.copyBytes(from: edit.endpoint) }
            }
            switch (whole, made) {
            case (.success(let whole), .success(let made)):
                taken += 1
                try #require(Self.description(made) == Self.description(whole), "round \(round)")
            case (.failure, .failure): break
            case (.success, .failure(let error)):
                Issue.record("round \(round): \(edit) is canonical, and refused: \(error)")
            case (.failure(let error), .success):
                Issue.record("round \(round): \(edit) is not canonical: \(error)")
            }
        }
        #expect((200...1_800).contains(taken), "both ends must be tried")
    }

    @Test("A patched item follows the one before, and is no greater than an item may be")
    func bounds() throws {
        var random = SplitMix(seed: 99)
        let old = try Self.item(&random)
        #expect(throws: WireError.self) {
            try old.patched(seq: old.seq, changed: 0..<0, endpointByteCount: 0) { _ in }
        }
        #expect(throws: WireError.self) {
            try old.patched(
                seq: Seq(300), changed: 0..<0, endpointByteCount: EncodedItem.byteLimit
            ) { _ in }
        }
    }

    // MARK: Items

    private static func item(_ random: inout SplitMix) throws -> EncodedItem {
        var endpoint = WorkloadEndpoint()
        for number in 0..<Int.random(in: 0...4, using: &random) {
            endpoint.metadata.labels["k\(number)"] = "v\(random.next() % 100)"
        }
        if random.next() % 4 > 0 { endpoint.spec.node = "node-\(random.next() % 100)" }
        endpoint.spec.pod = "pod"
        endpoint.spec.ipNetworks = ["10.0.0.1/32"]
        endpoint.spec.ports = [EndpointPort(name: "http", transport: .name("TCP"), port: 80)]
        if random.next() % 4 == 0 { endpoint.metadata.annotations["a"] = "b" }
        if random.next() % 4 == 0 { endpoint.metadata.generateName = "g-" }
        return try endpoint.encodedEndpoint().withUnsafeBytes {
            try EncodedItem.put(
                seq: Seq(200), previousSeq: Seq(random.next() % 200),
                key: EndpointKey(namespace: "ns", name: "name"), uid: .random(using: &random),
                creationTime: Timestamp(microseconds: 5), endpoint: $0)
        }
    }

    private static func whole(_ endpoint: [UInt8], behind old: EncodedItem) throws -> EncodedItem {
        let uid = try #require(old.uid)
        return try endpoint.withUnsafeBytes {
            try EncodedItem.put(
                seq: Seq(300), previousSeq: old.seq, key: old.key, uid: uid,
                creationTime: old.creationTime, endpoint: $0)
        }
    }

    /// All that an item tells.
    private static func description(_ item: EncodedItem) -> [String] {
        var labels: [String] = []
        item.forEachLabel { labels.append(Hexadecimal.text($0) + "=" + Hexadecimal.text($1)) }
        return [
            Hexadecimal.text(item.bytes), "\(item.hash)",
            "\(item.seq) \(item.previousSeq) \(item.kind)",
            "\(item.key) \(item.uid?.description ?? "")", item.node, "\(item.creationTime)",
            "\(item.endpointRange) \(item.keepsMetadata)",
            item.withLabelBytes { Hexadecimal.text($0) },
        ] + labels
    }

    /// A new endpoint, and where it differs from the old.
    private struct Edit {
        var endpoint: [UInt8]
        var changed: Range<Int>

        init(of old: EncodedItem, _ random: inout SplitMix) {
            endpoint = old.withEndpointBytes { Array($0) }
            let fields = Self.fields(endpoint)
            var insert: [UInt8] = []
            changed = 0..<0
            switch random.next() % 6 {
            case 0:
                // Bytes at random.
                let start = Int.random(in: 0...endpoint.count, using: &random)
                let end = min(endpoint.count, start + Int.random(in: 0...3, using: &random))
                changed = start..<end
                insert = (0..<random.next() % 4).map { _ in UInt8(random.next() % 130) }
            case 1:
                // A tag, or a length: fields end elsewhere.
                let field = fields[Int(random.next() % UInt64(fields.count))]
                changed = field.lowerBound..<field.lowerBound
                insert = [UInt8(random.next() % 12) << 3 | 2]
            case 2:
                // One letter of a text.
                let place = Int.random(in: 0..<endpoint.count, using: &random)
                changed = place..<place + 1
                insert = [UInt8(97 + random.next() % 26)]
            default:
                // Whole fields, one of them in the place of some or none.
                let first = Int.random(in: 0..<fields.count, using: &random)
                let last = min(fields.count, first + Int.random(in: 0...2, using: &random))
                let start = fields[first].lowerBound
                changed = start..<(last > first ? fields[last - 1].upperBound : start)
                let near = min(fields.count - 1, first + Int.random(in: 0...1, using: &random))
                let source =
                    random.next() % 2 == 0 ? near : Int(random.next() % UInt64(fields.count))
                if random.next() % 3 > 0 { insert = Array(endpoint[fields[source]]) }
                if random.next() % 4 == 0 { insert = Self.label(Int(random.next() % 6)) + insert }
                if random.next() % 4 == 0 { insert += [4 << 3 | 2, 1, 120] }
            }
            endpoint.replaceSubrange(changed, with: insert)
        }

        private static func label(_ number: Int) -> [UInt8] {
            [1 << 3 | 2, 5, 1 << 3 | 2, 3] + Array("k\(number)z".utf8)
        }

        private static func fields(_ endpoint: [UInt8]) -> [Range<Int>] {
            endpoint.withUnsafeBytes { raw in
                var reader = ProtoReader(raw, order: .any)
                var fields: [Range<Int>] = []
                while true {
                    let start = reader.offset
                    guard let field = try? reader.next(), (try? reader.skip(field)) != nil else {
                        return fields
                    }
                    fields.append(start..<reader.offset)
                }
            }
        }
    }
}
