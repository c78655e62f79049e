import EndpointModel
import LogStore
import Testing

@Suite("Record hashes")
struct RecordHashTests {
    private func refusal(_ record: [UInt8], _ hash: Hash256) throws -> LogError? {
        let fixture = try LogFixture()
        let writer = try fixture.create()
        let row = LogRow(
            seq: Seq(1), record: record, recordHash: hash,
            chain: History.logID.chainOrigin.followed(by: hash))
        do throws(LogError) {
            try writer.append([LogEntry(row: row, request: nil)])
            return nil
        } catch { return error }
    }

    @Test("Empty parts and parts of every varint length hash as the design says")
    func lengths() throws {
        for count in [0, 1, 127, 128, 16_383, 16_384] {
            let record = History.record(item: [UInt8](repeating: 7, count: count), audit: [])
            #expect(try refusal(record.bytes, History.recordHash(record.item, [])) == nil)
        }
    }

    @Test("G12: bytes that are not exactly an item and an audit part are refused")
    func malformed() throws {
        let good = History.record(item: [1, 2], audit: [3])
        let hash = History.recordHash(good.item, good.audit)
        let bad: [[UInt8]] = [
            [], [0x0A], Array(good.bytes.dropLast()), good.bytes + [0], good.bytes + good.bytes,
            Array(good.bytes.dropFirst(4)), [0x0A, 0x82, 0x00, 1, 2, 0x12, 1, 3],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x12, 1, 3, 0x0A, 2, 1, 2],
        ]
        for record in bad { #expect(try refusal(record, hash)?.code == "batch-refused") }
        #expect(try refusal(good.bytes, hash) == nil)
    }
}
