import EndpointModel
import NIOCore
import SyncProtocol
import Testing

@Suite("Encoders of data messages")
struct EncoderTests {
    @Test(
        "What the encoders write byte by byte is what the messages write",
        arguments: [0, 1, 3, 400])
    func encodersAgree(count: Int) throws {
        var samples = Samples(seed: UInt64(count) + 1)
        let changes = (0..<count).map { _ in samples.change() }
        for mark in [nil, samples.mark()] {
            var encoder = ChangesEncoder()
            for change in changes { encoder.append(change) }
            #expect(encoder.count == count)
            let body = encoder.finish(mark: mark)
            let expected = ServerMessage.changes(Changes(changes: changes, mark: mark))
            #expect(Array(body.buffer.readableBytesView) == expected.encoded())
            #expect(try ServerMessage(decoding: body.buffer) == expected)
        }
    }

    @Test("A put adds the bytes that the encoder foretells")
    func foretold() {
        var samples = Samples(seed: 7)
        var encoder = ChangesEncoder(reserving: 0)
        for _ in 0..<50 {
            let item = samples.put()
            let before = encoder.byteCount
            encoder.append(put: item)
            #expect(encoder.byteCount - before == ChangesEncoder.byteCount(put: item))
        }
    }

    @Test("Records encoded one by one are the records message", arguments: [0, 1, 120])
    func records(count: Int) throws {
        var samples = Samples(seed: UInt64(count) + 11)
        let records = (0..<count).map { _ in samples.record() }
        var encoder = RecordsEncoder()
        var stored = RecordsEncoder(reserving: 0)
        for record in records {
            encoder.append(record)
            stored.append(recordBytes: record.bytes)
        }
        let mark = samples.mark()
        let expected = ServerMessage.records(Records(records: records, mark: mark)).encoded()
        #expect(Array(encoder.finish(mark: mark).buffer.readableBytesView) == expected)
        #expect(Array(stored.finish(mark: mark).buffer.readableBytesView) == expected)
    }
}

@Suite("Marks beside changes")
struct MarkPlaceTests {
    @Test("A step to the last change beside it says no seq, and is read with that seq (R38)")
    func impliedSeq() throws {
        var samples = Samples(seed: 5)
        let chain = samples.hash()
        let changes = [7, 9, 8].map { seq in
            Change.removal(Removal(seq: Seq(seq), key: EndpointKey(namespace: "a", name: "b")))
        }
        func written(_ seq: UInt64) -> Changes {
            Changes(changes: changes, mark: Mark(place: .step(Seq(seq), chain: chain)))
        }
        let short = written(8).encoded()
        #expect(short.count + 2 == written(9).encoded().count)
        for seq in [8, 9] as [UInt64] {
            let read = try Changes(decoding: written(seq).encoded())
            #expect(read.mark?.seq == Seq(seq))
            var encoder = ChangesEncoder()
            for change in changes { encoder.append(change) }
            let frame = encoder.finish(mark: written(seq).mark)
            #expect(
                Array(frame.buffer.readableBytesView) == ServerMessage.changes(read).encoded())
        }
        // Beside nothing it is as it stands.
        let alone = Mark(place: .step(Seq(8), chain: chain))
        #expect(try Mark(decoding: alone.encoded()).seq == Seq(8))
    }
}
