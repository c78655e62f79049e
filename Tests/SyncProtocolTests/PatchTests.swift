import EndpointModel
import SyncProtocol
import Testing

@Suite("Patches")
struct PatchTests {
    /// Two versions of one endpoint that differ as often as not.
    static func versions(_ samples: inout Samples) throws -> (EncodedItem, EncodedItem) {
        let (key, uid) = (samples.key(), samples.uid())
        func item(_ endpoint: WorkloadEndpoint, seq: UInt64, previous: UInt64) throws -> EncodedItem
        {
            try endpoint.encodedEndpoint().withUnsafeBytes {
                try .put(
                    seq: Seq(seq), previousSeq: Seq(previous), key: key, uid: uid,
                    creationTime: Timestamp(microseconds: 5), endpoint: $0)
            }
        }
        let old = samples.endpoint()
        var new = samples.number(4) == 0 ? samples.endpoint() : old
        if samples.number(2) == 0 { new.metadata.labels["w"] = samples.text() }
        if samples.number(2) == 0 { new.spec.ipNetworks = [samples.text()] }
        return (try item(old, seq: 7, previous: 3), try item(new, seq: 9, previous: 7))
    }

    @Test("A patch rebuilds the new item to the byte, whatever changed (G6)")
    func rebuilds() throws {
        var samples = Samples(seed: 1)
        for _ in 0..<1000 {
            let (old, new) = try Self.versions(&samples)
            let patch = try #require(Patch(from: old, to: new))
            let rebuilt = try Patch(decoding: patch.encoded()).applied(to: old)
            #expect(rebuilt.bytes == new.bytes)
            #expect(rebuilt.hash == new.hash)
        }
    }

    @Test("A patch against another version is refused (G6)")
    func base() throws {
        var samples = Samples(seed: 2)
        let (old, new) = try Self.versions(&samples)
        let patch = try #require(Patch(from: old, to: new))
        #expect(throws: PatchError.baseMismatch(held: Seq(9), wanted: Seq(7))) {
            try patch.applied(to: new)
        }
        #expect(Patch(from: new, to: old) == nil)
    }

    @Test("No span traps, however it lies (G12)")
    func spans() throws {
        var samples = Samples(seed: 3)
        let (old, _) = try Self.versions(&samples)
        for _ in 0..<2000 {
            let spans = (0..<samples.number(4)).map { _ in
                Patch.Span(
                    at: UInt32(truncatingIfNeeded: samples.wide()),
                    remove: UInt32(truncatingIfNeeded: samples.wide()),
                    insert: Array(samples.text().utf8))
            }
            let patch = Patch(seq: Seq(9), previousSeq: old.seq, spans: spans)
            _ = try? patch.applied(to: old)
        }
        let overlap = Patch(
            seq: Seq(9), previousSeq: old.seq,
            spans: [.init(at: 2, remove: 2, insert: []), .init(at: 3, remove: 0, insert: [])])
        #expect(throws: PatchError.spanOutside(at: 3)) { try overlap.applied(to: old) }
    }
}
