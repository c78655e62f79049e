import CattailTestKit
import EndpointModel
import EndpointState
import Foundation
import LogStore
import Logging
import Projection
import SQLiteStore
import Testing

@Suite("The views file")
struct ViewStoreTests {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func open(_ scratch: TemporaryFolder, _ history: RandomHistory) throws -> ViewStore.Opened {
        try ViewStore.open(directory: scratch.path, events: history.log, logger: logger)
    }

    /// What any opened view must be, however it came about.
    func expect(_ opened: ViewStore.Opened, isFoldOf history: RandomHistory) throws {
        let view = opened.view
        var folded = PositionedView(emptyLog: history.log.logID)
        try folded.fold(history.log, through: try history.log.head.seq)
        #expect(view.position == folded.position)
        #expect(view.view.digest == folded.view.digest)
        #expect(view.view.digest == view.view.state.recomputedDigest())
        #expect(view.view.items.map(\.hash) == folded.view.items.map(\.hash))
        #expect(
            view.view.tombstones.sorted().map(\.key) == folded.view.tombstones.sorted().map(\.key))
        for key in history.keys {
            #expect(view.view.lastSeq(of: key) == folded.view.lastSeq(of: key))
        }
    }

    @Test(
        "Writes at random moments, crashes between them: every opening equals the fold (G5)",
        arguments: [1, 2, 3] as [UInt64])
    func writingBehind(seed: UInt64) throws {
        let scratch = try TemporaryFolder()
        var generator = SeededGenerator(state: seed)
        var history = try RandomHistory(seed: seed, events: 5)
        for round in 0..<40 {
            var (store, view, pending) = try {
                let opened = try open(scratch, history)
                try expect(opened, isFoldOf: history)
                if round > 0 { guard case .loaded = opened.origin else { throw Unexpected() } }
                return (opened.store, opened.view, opened.pending)
            }()
            // What an earlier run left unwritten counts too: each start folds all of it.
            let behind = view.position.seq.rawValue - store.position.seq.rawValue
            #expect(pending.eventsBehind == behind)
            for _ in 0..<Int.random(in: 0..<6, using: &generator) {
                try history.append(Int.random(in: 0..<30, using: &generator))
                try view.fold(history.log, through: try history.log.head.seq) {
                    pending.add($0, at: $1.position)
                }
                if Bool.random(using: &generator) {
                    try store.write(pending)
                    pending.clear()
                    #expect(store.position == view.position)
                    #expect(pending.eventsBehind == 0)
                }
            }
            // The store is dropped here as a killed process drops it.
        }
    }

    @Test(
        "A tail is taken back out of the file: it opens as the fold of the log before it (G5, G10)",
        arguments: [1, 2, 3, 4] as [UInt64])
    func takenBack(seed: UInt64) throws {
        let scratch = try TemporaryFolder()
        let whole = try RandomHistory(seed: seed, events: 120)
        for behind in stride(from: 119, through: 1, by: -7) {
            let file = scratch.url("views.sqlite")
            if behind < 119 { try FileManager.default.removeItem(at: file) }
            try open(scratch, whole).store.close()
            #expect(
                ViewStore.takeBack(
                    whole.log, behind: Seq(UInt64(behind)), directory: scratch.path,
                    logger: logger))
            let before = try RandomHistory(seed: seed, events: behind)
            let opened = try open(scratch, before)
            #expect(opened.origin == .loaded(at: Seq(UInt64(behind))))
            try expect(opened, isFoldOf: before)
            try opened.store.close()
        }
    }

    @Test("A tail in which something was decided is not taken back, nor is one that the file lacks")
    func notTakenBack() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 6, events: 20)
        func takeBack(_ history: RandomHistory, behind seq: UInt64) -> Bool {
            ViewStore.takeBack(
                history.log, behind: Seq(seq), directory: scratch.path, logger: logger)
        }
        #expect(!takeBack(history, behind: 10), "there is no file")
        try open(scratch, history).store.close()
        #expect(!takeBack(history, behind: 20))
        #expect(!takeBack(try RandomHistory(seed: 7, events: 20), behind: 10), "another history")
        try open(scratch, history).store.close()
        #expect(try open(scratch, history).origin == .loaded(at: Seq(20)))

        history.log.append(
            try .control(seq: Seq(21), .epoch(Epoch(number: 9, leaderID: 9))),
            audit: AuditPart(
                epochNumber: 9, time: Timestamp(microseconds: 1_800_000_000_000_000),
                wallTime: Timestamp(microseconds: 1_800_000_000_000_000)))
        let opened = try open(scratch, history)
        try opened.store.write(opened.pending)
        try opened.store.close()
        #expect(!takeBack(history, behind: 20))
        #expect(try open(scratch, history).origin == .loaded(at: Seq(21)))
    }

    struct Unexpected: Error {}

    @Test("A deleted views file comes back with an equal digest (G5)")
    func deleted() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 9, events: 300)
        let before = try open(scratch, history)
        try before.store.close()
        try FileManager.default.removeItem(at: scratch.url("views.sqlite"))
        let after = try open(scratch, history)
        #expect(after.origin == .rebuilt(reason: "there is no views file"))
        #expect(after.view.view.digest == before.view.view.digest)
        try expect(after, isFoldOf: history)
    }

    @Test("Whatever bytes the views file holds, it opens as the fold of the log (G5, G12)")
    func damaged() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 10, events: 200)
        try open(scratch, history).store.close()
        let good = try Data(contentsOf: scratch.url("views.sqlite"))
        var generator = SeededGenerator(state: 10)
        for round in 0..<300 {
            var bytes = good
            switch round % 3 {
            case 0:
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1:
                bytes = bytes.prefix(Int.random(in: 0..<bytes.count, using: &generator))
            default:
                let start = Int.random(in: 0..<bytes.count - 64, using: &generator)
                for index in start..<start + 64 {
                    bytes[index] = .random(in: 0...255, using: &generator)
                }
            }
            try bytes.write(to: scratch.url("views.sqlite"))
            try expect(try open(scratch, history), isFoldOf: history)
        }
    }

    @Test("A views file of another log, or of a history that was cut, is thrown away (G5)")
    func otherHistory() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 11, events: 50)
        try open(scratch, history).store.close()
        // The same log up to seq 30, and other events behind it.
        let other = try RandomHistory(seed: 12, events: 60)
        let fork = try open(scratch, other)
        try expect(fork, isFoldOf: other)
        guard case .rebuilt = fork.origin else {
            Issue.record("the fork was not seen")
            return
        }
        try fork.store.close()
        other.log.rows.removeLast(25)
        let short = try open(scratch, other)
        #expect(short.view.position.seq == Seq(35))
        guard case .rebuilt = short.origin else {
            Issue.record("the file led the log")
            return
        }
    }

    @Test("A rebuild beside the live file gives the same digest, and writing goes on behind it")
    func rebuild() throws {
        let scratch = try TemporaryFolder()
        var history = try RandomHistory(seed: 13, events: 150)
        var opened = try open(scratch, history)
        let rebuilt = try opened.store.rebuild()
        #expect(rebuilt.isEqual)
        #expect(rebuilt.view.position == opened.view.position)
        try history.append(50)
        try opened.view.fold(history.log, through: Seq(200)) {
            opened.pending.add($0, at: $1.position)
        }
        try opened.store.write(opened.pending)
        try opened.store.close()
        let again = try open(scratch, history)
        #expect(again.origin == .loaded(at: Seq(200)))
        try expect(again, isFoldOf: history)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(names == ["views.sqlite"])
    }

    @Test(
        "The file remembers from where on the log cannot be judged, made anew or written behind (G5, R19)"
    )
    func unknownEvent() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 14, events: 60)
        let unknown = UnknownEvent(seq: Seq(61), type: 900)
        var digest = StateDigest.empty
        for item in history.states[60].values { digest.add(item.hash) }
        func expectBefore(_ view: PositionedView) {
            #expect(view.position.seq == Seq(64))
            #expect(view.view.seq == Seq(64) && view.view.state.seq == Seq(60))
            #expect(view.view.unknownEvent == unknown)
            #expect(view.view.digest == digest)
        }
        // Behind the log: the event comes while the file is open.
        var opened = try open(scratch, history)
        try history.appendUnknown()
        try opened.view.fold(history.log, through: Seq(64)) {
            opened.pending.add($0, at: $1.position)
        }
        try opened.store.write(opened.pending)
        try opened.store.close()
        let loaded = try open(scratch, history)
        #expect(loaded.origin == .loaded(at: Seq(64)))
        expectBefore(loaded.view)
        #expect(try loaded.store.rebuild().isEqual)
        try loaded.store.close()
        expectBefore(try open(scratch, history).view)
        // Anew: the event is met by the fold.
        let second = try TemporaryFolder()
        let made = try open(second, history)
        expectBefore(made.view)
        try made.store.close()
        let again = try open(second, history)
        #expect(again.origin == .loaded(at: Seq(64)))
        expectBefore(again.view)
    }

    @Test("A file of a version that knows other control events is made anew (G5, R19)")
    func otherKnownTypes() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 15, events: 30)
        try open(scratch, history).store.close()
        let connection = try SQLiteConnection(
            path: scratch.path("views.sqlite"), access: .readWrite)
        let (blobs, numbers) = try Self.position(in: connection)
        func checksum(knowing types: String) -> Hash256 {
            var bytes = Array("cattail/views/v4/\(types)".utf8) + blobs[0]
            for number in numbers { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
            return Hash256.of(bytes + blobs[1] + blobs[2] + blobs[3] + blobs[5])
        }
        #expect(checksum(knowing: "1,2,3").bytes == blobs[4])
        try connection.execute("UPDATE position SET checksum = x'\(checksum(knowing: "1,2,3,4"))'")
        try connection.close()
        let opened = try open(scratch, history)
        guard case .rebuilt(let reason) = opened.origin else {
            Issue.record("it was taken")
            return
        }
        #expect(reason.contains("other control events"))
        try expect(opened, isFoldOf: history)
    }

    @Test("Who votes is kept with the view, made anew, loaded and written behind (G5, G10)")
    func membership() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 16, events: 20)
        let time = Timestamp(seconds: 1_900_000_000)
        func append(_ membership: Membership) throws {
            let seq = Seq(UInt64(history.log.rows.count) + 1)
            history.log.append(
                try .control(seq: seq, .membership(membership)),
                audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
        }
        let voters = Membership(voters: ["a:1", "b:1"], minAcks: 1)
        try append(voters)
        try append(voters)
        let made = try open(scratch, history)
        let settled = MembershipStanding(
            current: voters, previous: voters, seq: Seq(UInt64(history.log.rows.count)))
        #expect(made.view.view.membership == settled)
        try made.store.close()
        try append(Membership())
        let loaded = try open(scratch, history)
        #expect(loaded.origin == .loaded(at: settled.seq))
        let changed = settled.followed(by: Membership(), at: settled.seq.next)
        #expect(loaded.view.view.membership == changed)
        try loaded.store.write(loaded.pending)
        try loaded.store.close()
        let again = try open(scratch, history)
        #expect(again.origin == .loaded(at: changed.seq))
        #expect(again.view.view.membership == changed)
    }

    @Test("Rights are kept with the view, made anew, loaded and written behind (G5, G13)")
    func rights() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 17, events: 20)
        let time = Timestamp(seconds: 1_900_000_000)
        func append(_ rights: Rights) throws -> RightsStanding {
            let seq = Seq(UInt64(history.log.rows.count) + 1)
            history.log.append(
                try .control(seq: seq, .rights(rights)),
                audit: AuditPart(epochNumber: 1, time: time, wallTime: time))
            return RightsStanding(rights: rights, seq: seq)
        }
        let root = try #require(NamePattern("root"))
        let first = try append(Rights(rules: [.init(identity: root, roles: [.admin])]))
        let made = try open(scratch, history)
        #expect(made.view.view.rights == first)
        try made.store.close()
        let second = try append(Rights())
        let loaded = try open(scratch, history)
        #expect(loaded.origin == .loaded(at: first.seq))
        #expect(loaded.view.view.rights == second)
        try loaded.store.write(loaded.pending)
        try loaded.store.close()
        let again = try open(scratch, history)
        #expect(again.origin == .loaded(at: second.seq))
        #expect(again.view.view.rights == second)
        #expect(again.view.view.membership == .none)
    }

    /// Log ID, chain, digest, sum, checksum and control standing; then the numbers, in the order of the checksum.
    private static func position(in connection: SQLiteConnection) throws
        -> (blobs: [[UInt8]], numbers: [Int64])
    {
        let row = try SQLiteStatement(
            connection,
            """
            SELECT log_id, chain, digest, tombstone_sum, checksum, epoch, leader_id, seq, live, \
            dead, unknown_seq, unknown_type, control FROM position
            """)
        guard try row.step() else { throw Unexpected() }
        return (
            [0, 1, 2, 3, 4, 12].map { row.withBlob($0) { Array($0) } ?? [] },
            (5..<12 as Range<Int32>).map { row.integer($0) ?? 0 }
        )
    }

    @Test("A log that breaks its own rules is an error with the seq, not a view")
    func illegalLog() throws {
        let scratch = try TemporaryFolder()
        let history = try RandomHistory(seed: 14, events: 60)
        history.log.rows.remove(at: 29)
        #expect(throws: ProjectionError.self) { _ = try open(scratch, history) }
        #expect(!FileManager.default.fileExists(atPath: scratch.path("views.sqlite")))
    }
}
