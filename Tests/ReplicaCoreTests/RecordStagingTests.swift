import EndpointModel
import ReplicaCore
import Testing

@Suite("What waits for its mark (R45)")
struct RecordStagingTests {
    private static func staging(records: Int, bytes: Int = .max) -> RecordStaging {
        var limits = RecordStaging.Limits()
        limits.records = records
        limits.bytes = bytes
        return RecordStaging(limits: limits)
    }

    @Test("Up to the bound everything waits for its mark, and comes with it, whole and in order")
    func marked() throws {
        let leader = try FollowerCoreTests.leader()
        let records = leader.records
        var staging = Self.staging(records: records.count + 1)
        for record in records { #expect(staging.stage([record]) == nil) }
        let portion = staging.marked(leader.core.head)
        #expect(portion.records.map(\.bytes) == records.map(\.bytes))
        #expect(portion.byteCount == records.reduce(0) { $0 + $1.bytes.count })
        #expect(portion.mark == leader.core.head)
        // A mark alone goes on too: it is compared with what was stored before.
        let bare = staging.marked(leader.core.head)
        #expect(bare.records.isEmpty && bare.byteCount == 0 && bare.mark == leader.core.head)
    }

    @Test("Beyond so many records, or bytes, what waits is handed on before its mark (G12)")
    func bounded() throws {
        let records = try FollowerCoreTests.leader().records
        var byCount = Self.staging(records: 3)
        var byBytes = Self.staging(records: .max, bytes: records[0].byteCount + 1)
        var waiting = (count: 0, bytes: 0)
        var handedOn: (byCount: [Seq], byBytes: [Seq]) = ([], [])
        for record in records {
            if let portion = byCount.stage([record]) {
                #expect(portion.records.count == 3 && portion.mark == nil)
                handedOn.byCount += portion.records.map(\.seq)
            }
            waiting.count += 1
            waiting.bytes += record.byteCount
            if let portion = byBytes.stage([record]) {
                #expect(portion.mark == nil)
                #expect(portion.records.count == waiting.count)
                #expect(portion.byteCount == waiting.bytes)
                handedOn.byBytes += portion.records.map(\.seq)
                waiting = (0, 0)
            }
            #expect(waiting.bytes <= records[0].byteCount)
        }
        #expect(handedOn.byCount == records.prefix(records.count / 3 * 3).map(\.seq))
        #expect(handedOn.byBytes.count > 3)
    }

    @Test("When the upstream begins anew, what waited is dropped: it comes again")
    func dropped() throws {
        let leader = try FollowerCoreTests.leader()
        var staging = Self.staging(records: 3)
        #expect(staging.stage(Array(leader.records[..<2])) == nil)
        staging.drop()
        #expect(staging.stage(Array(leader.records[..<2])) == nil)
        #expect(staging.marked(leader.core.head).records.map(\.seq) == [Seq(1), Seq(2)])
    }
}
