internal import CattailTestKit
internal import EndpointModel
internal import Foundation
internal import LogStore
internal import SQLiteStore

/// A node's disk: a folder on a faulty disk, and what of it is left when the power goes, the process
/// is killed, or an old copy is put back.
final class NodeStorage {
    private let base: String
    private let name: String
    private var generation = 0
    private(set) var folder = ""
    private(set) var disk: FaultyDisk
    /// A VFS must outlive the files that were opened through it.
    private var retired: [FaultyDisk] = []
    private var dice: Dice
    private(set) var isArmed = false
    private var failuresBefore = 0
    /// What the volume says that it has left.
    var freeBytes: UInt64 = 1 << 40

    init(in base: String, name: String, dice: Dice) throws {
        self.base = base
        self.name = name
        self.dice = dice
        folder = "\(base)/\(name)-0"
        disk = try FaultyDisk(seed: self.dice.next())
    }

    func settings() -> LogSettings {
        let storage = SingleThreaded(self)
        var limits = LogLimits()
        limits.busyCheckpointBytes = 64 << 10
        limits.idleCheckpointBytes = 32 << 10
        limits.readerWaitMilliseconds = 0
        limits.lockWaitMilliseconds = 0
        return LogSettings(limits: limits, disk: disk.disk) { _ in
            VolumeSpace(totalBytes: 1 << 40, freeBytes: storage.value.freeBytes)
        }
    }

    // MARK: Faults

    func arm(_ fault: FaultyDisk.Fault, at call: Int, _ span: FaultyDisk.Span) {
        failuresBefore = disk.failures
        disk.arm(fault, at: call, span)
        isArmed = true
        isPowerCut = fault == .power
    }

    private var isPowerCut = false

    /// Whether the power went at the call that was told to.
    var isDark: Bool { isPowerCut && disk.failures > failuresBefore }

    func heal() {
        disk.heal()
        isArmed = false
        isPowerCut = false
    }

    // MARK: Ends

    enum End: String { case killed, power }

    /// What a process that ended so leaves is what the next one finds.
    func ended(_ end: End) throws {
        let next = "\(base)/\(name)-\(generation + 1)"
        switch end {
        case .killed: try copyFiles(to: next)
        case .power:
            try FileManager.default.createDirectory(
                atPath: next, withIntermediateDirectories: false)
            try disk.writeSurvivors(to: next, seed: dice.next())
        }
        try moveOn(to: next)
    }

    private func moveOn(to next: String) throws {
        generation += 1
        heal()
        retired.append(disk)
        let before = folder
        folder = next
        disk = try FaultyDisk(seed: dice.next(), holding: next)
        try? FileManager.default.removeItem(atPath: before)
    }

    private func copyFiles(to next: String) throws {
        let manager = FileManager.default
        try manager.createDirectory(atPath: next, withIntermediateDirectories: false)
        for file in try manager.contentsOfDirectory(atPath: folder).sorted()
        where file != "lock" && !file.hasSuffix("-shm") {
            try manager.copyItem(atPath: "\(folder)/\(file)", toPath: "\(next)/\(file)")
        }
    }

    /// An empty folder in place of the old one, filled by `fill`.
    func replace(_ fill: (String) throws -> Void) throws {
        let next = "\(base)/\(name)-\(generation + 1)"
        try FileManager.default.createDirectory(
            atPath: next, withIntermediateDirectories: false)
        try fill(next)
        try moveOn(to: next)
    }

    /// The views file is thrown away, as a person may do.
    func removeViews() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            _ = disk.disk.calls.unlink("\(folder)/views.sqlite\(suffix)")
        }
    }
}
