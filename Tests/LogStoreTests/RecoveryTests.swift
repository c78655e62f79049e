import CattailTestKit
import EndpointModel
import Foundation
import LogStore
import SQLiteStore
import Synchronization
import Testing

/// G1: what a failed write or fsync does to the writer, its readers and its answers.
@Suite("Failed writes")
struct RecoveryTests {
    private func settings(_ faulty: FaultyDisk) -> LogSettings {
        var settings = LogSettings(disk: faulty.disk)
        settings.limits.readerWaitMilliseconds = 1
        return settings
    }

    @Test(
        "G1: after a failed write the outcome is unknown, appends wait, and recovery tells which",
        arguments: [FaultyDisk.Fault.sync, .full])
    func failedWrite(_ fault: FaultyDisk.Fault) throws {
        let faulty = try FaultyDisk(seed: 1)
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create(settings(faulty))
        try writer.append(history.entries(10))
        let reader = try LogReader.open(directory: fixture.directory)
        let before = history
        let batch = history.entries(3)

        faulty.arm(fault, at: 1, .forever)
        let error = #expect(throws: LogError.self) { try writer.append(batch) }
        #expect(error?.code == "outcome-unknown")
        #expect(!writer.isReady)
        #expect(#expect(throws: LogError.self) { try writer.append(batch) }?.code == "read-only")
        #expect(try reader.head.seq >= Seq(10))

        faulty.heal()
        try writer.recover()
        #expect(writer.isReady)
        // The batch is there whole or not at all, and the head says so.
        #expect([before.head, history.head].contains(writer.head))
        let isThere = writer.head == history.head
        #expect(try (writer.seq(ofRequest: History.request(12)) == Seq(12)) == isThere)
        if !isThere { try writer.append(batch) }
        try writer.append(history.entries(1))
        #expect(try LogFixture.all(reader) == history.rows)
        try writer.close()
        #expect(try fixture.open().head == history.head)
    }

    @Test("G1: while the disk goes on failing recovery fails, says why, and can be tried again")
    func recoveryCanFail() throws {
        let faulty = try FaultyDisk(seed: 1)
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create(settings(faulty))
        try writer.append(history.entries(10))
        let batch = history.entries(3)
        faulty.arm(.sync, at: 1, .forever)
        #expect(throws: LogError.self) { try writer.append(batch) }
        let error = #expect(throws: LogError.self) { try writer.recover() }
        #expect(error?.description.contains("recovery failed") == true)
        #expect(!writer.isReady)
        faulty.heal()
        try writer.recover()
        if writer.head.seq == Seq(10) { try writer.append(batch) }
        #expect(writer.head == history.head)
    }

    @Test("G1: a snapshot that holds the WAL back makes recovery wait, not lie")
    func recoveryWaitsForReaders() throws {
        let faulty = try FaultyDisk(seed: 1)
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create(settings(faulty))
        try writer.append(history.entries(10))
        let batch = history.entries(1)
        faulty.arm(.full, at: 1, .forever)
        #expect(throws: LogError.self) { try writer.append(batch) }
        faulty.heal()
        do {
            let snapshot = try SnapshotHolder(fixture.logPath)
            #expect(throws: LogError.self) { try writer.recover() }
            #expect(!writer.isReady)
            try snapshot.release()
        }
        try writer.recover()
        #expect(writer.isReady)
    }

    @Test("G1: a failed checkpoint is a failed write, and recovery mends it")
    func failedCheckpoint() throws {
        let faulty = try FaultyDisk(seed: 1)
        let fixture = try LogFixture()
        var history = History()
        var settings = settings(faulty)
        settings.limits.idleCheckpointBytes = 1
        let writer = try fixture.create(settings)
        try writer.append(history.entries(10))
        faulty.arm(.sync, at: 1, .forever)
        #expect(throws: LogError.self) { try writer.checkpointIfDue(.idle) }
        #expect(!writer.isReady)
        faulty.heal()
        try writer.recover()
        try writer.append(history.entries(10))
        #expect(try LogFixture.all(.open(directory: fixture.directory)) == history.rows)
    }

    @Test("G1: an anchor half written by an append and by its recovery keeps its other slot")
    func halfWrittenAnchor() throws {
        let isTearing = Atomic(false)
        var disk = Disk.system
        disk.calls.write = { descriptor, bytes, offset in
            let slotBytes = 120
            guard isTearing.load(ordering: .relaxed), bytes.count <= slotBytes else {
                return SystemCalls.system.write(descriptor, bytes, offset)
            }
            // Half of the slot, and no space for the rest.
            if bytes.count == slotBytes {
                let half = UnsafeRawBufferPointer(rebasing: bytes[..<(slotBytes / 2)])
                return SystemCalls.system.write(descriptor, half, offset)
            }
            errno = ENOSPC
            return -1
        }
        let fixture = try LogFixture()
        var history = History()
        let writer = try fixture.create(LogSettings(disk: disk))
        for _ in 0..<2 {
            try writer.append(history.entries(10))
            isTearing.store(true, ordering: .relaxed)
            let batch = history.entries(3)
            #expect(throws: LogError.self) { try writer.append(batch) }
            for _ in 0..<3 {
                let error = #expect(throws: LogError.self) { try writer.recover() }
                #expect(error?.description.contains("pwrite") == true)
            }
            isTearing.store(false, ordering: .relaxed)
            try writer.recover()
            #expect(writer.head == history.head)
        }
        try writer.close()
        #expect(try fixture.open().head == history.head)
    }
}
