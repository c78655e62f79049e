import CattailTestKit
import EndpointModel
import EndpointState
import Feeds
import LogStore
import Logging
import ReplicaCore
import ReplicaLog
import SyncProtocol
import Synchronization
import Testing

extension ServerTests {
    @Suite("Committers, when a write fails")
    struct Committers {
        @Test("What a link brought behind a portion that was not stored is passed over, unsaid")
        func behindWhatWasNotStored() throws {
            let setting = try Setting()
            let (leader, faulty, writer, told) = (
                setting.leader, setting.faulty, setting.writer, setting.told
            )
            var committer = setting.follower
            func portion(_ range: Range<Int>, link: UInt64) -> CommitWork {
                leader.portion(range, link: link)
            }
            faulty.arm(.sync, at: 1, .forever)
            committer.carryOut([portion(0..<1, link: 1), portion(1..<2, link: 1)]) { _ in }
            faulty.heal()
            committer.rest { _ in }
            committer.carryOut([portion(2..<3, link: 1)]) { _ in }
            #expect(told.codes == [.notStored])
            // The next one begins where the log ends.
            let held = Int(writer.head.seq.rawValue)
            #expect(held < 2)
            committer.carryOut([portion(held..<3, link: 2)]) { _ in }
            #expect(told.codes == [.notStored])
            #expect(writer.head.seq == Seq(3))
        }

        @Test("G10: a follower whose first event as a leader was not written goes on as a follower")
        func notBegun() throws {
            let setting = try Setting()
            let pledges = PledgeFile(directory: setting.folder.path("f"))
            var committer = NodeCommitter(
                follower: setting.follower, pledges: pledges,
                .init(
                    clock: { Timestamp(seconds: 1_800_000_000) }, seed: { (1, 2) },
                    logger: setting.logger, health: setting.told))
            let own = Pledge(epoch: Epoch(number: 1, leaderID: 5), holder: .ourselves)
            let results = Mutex<[Bool]>([])
            committer.carryOut(
                [
                    .control(
                        .promise(own, .no) { result in
                            results.withLock { $0.append((try? result.get()) != nil) }
                        })
                ]) { _ in }
            // Its disk takes nothing, and then all again.
            setting.faulty.arm(.full, at: 1, .forever)
            committer.carryOut(
                [
                    .control(
                        .begin(own) { result in
                            results.withLock { $0.append((try? result.get()) != nil) }
                        })
                ]) { _ in }
            #expect(results.withLock(\.self) == [true, false])
            setting.faulty.heal()
            committer.rest { _ in }
            #expect(setting.writer.head.seq == .zero)
            // Another has become the leader, in a later epoch.
            let leader = try FakeLeader(Epoch(number: 2, leaderID: 7))
            var stored: [Seq] = []
            committer.carryOut([leader.portion(0..<3, link: 1)]) { outcome in
                if let batch = outcome.batch { stored.append(batch.position.seq) }
            }
            #expect(stored == [Seq(3)])
            #expect(setting.told.codes.isEmpty)
        }
    }
}

/// A follower's log on a disk that fails when it is told to.
private struct Setting {
    let folder: TemporaryFolder
    let leader: FakeLeader
    let faulty: FaultyDisk
    let writer: LogWriter
    let told = Told()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder = try TemporaryFolder()
        leader = try FakeLeader()
        faulty = try FaultyDisk(seed: 1)
        writer = try LogWriter.create(
            in: DataDirectory.acquire(folder.path("f")), logID: leader.logID,
            settings: LogSettings(disk: faulty.disk))
    }

    var follower: FollowerCommitter {
        FollowerCommitter(
            core: FollowerCore(
                view: EndpointView(), head: .origin(of: leader.logID),
                lastTime: Timestamp(microseconds: 0), pledge: .none),
            writer: writer, logger: logger, health: told, refused: told.refused)
    }
}

extension FakeLeader {
    fileprivate func portion(_ range: Range<Int>, link: UInt64) -> CommitWork {
        .replicate(
            Replicated(
                Array(records[range]), mark: positions[range.upperBound],
                from: positions[1].epoch, link: link))
    }
}

/// What a committer has said.
private final class Told: LogHealth {
    private let said = Mutex<[IntakeFault.Code]>([])

    var codes: [IntakeFault.Code] { said.withLock(\.self) }
    var refused: @Sendable (IntakeFault, UInt64) -> Void {
        { fault, _ in self.said.withLock { $0.append(fault.code) } }
    }

    func noteWritable() {}
    func noteReadOnly(_ why: String) {}
}
