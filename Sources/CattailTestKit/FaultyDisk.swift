internal import CFaultyDisk
internal import Foundation
internal import Glibc
package import SQLiteStore
internal import Synchronization

/// A disk that fails the call that it is told to, and can say what a power loss would leave of it.
/// `CFaultyDisk.h` says what it is like. Whoever uses it keeps it until all files are closed.
package final class FaultyDisk: Sendable {
    package enum Fault: String, CaseIterable, Sendable {
        /// Any call: an I/O error.
        case io
        /// A call that takes space: there is none.
        case full
        /// A write: half of it, and no space for the rest.
        case short
        /// A sync, which has written some, and never will the rest.
        case sync
        /// A call that changes something: power goes in its middle.
        case power

        fileprivate var kind: faulty_kind {
            switch self {
            case .io: FAULTY_IO
            case .full: FAULTY_FULL
            case .short: FAULTY_SHORT
            case .sync: FAULTY_SYNC
            case .power: FAULTY_POWER
            }
        }
    }

    package enum Span: String, CaseIterable, Sendable {
        case once, forever
    }

    /// It has a lock of its own.
    nonisolated(unsafe) private let pointer: OpaquePointer
    private let name: String
    /// Each has a VFS of its own name.
    private static let made = Atomic<Int>(0)

    /// What a folder holds already is all durable.
    package init(seed: UInt64, holding folder: String? = nil) throws {
        name = "faulty-\(Self.made.add(1, ordering: .relaxed).newValue)"
        guard let made = faulty_disk_make(name, seed) else { throw FaultyDiskTrouble() }
        pointer = made
        guard let folder else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            faulty_disk_adopt(made, folder + "/" + name)
        }
    }

    deinit { faulty_disk_free(pointer) }

    /// The `call`-th that the fault can befall from now on, counted from 1, and with `forever` each
    /// behind it.
    package func arm(_ fault: Fault, at call: Int, _ span: Span = .once) {
        faulty_disk_arm(pointer, fault.kind, UInt64(call), span == .forever ? 1 : 0)
    }

    /// Power goes at the `call`-th behind the first failure.
    package func cutPower(behindFailure call: Int) {
        faulty_disk_cut_behind(pointer, UInt64(call))
    }

    package func heal() { faulty_disk_heal(pointer) }

    /// How many calls the fault could have befallen.
    package func calls(of fault: Fault) -> Int { Int(faulty_disk_calls(pointer, fault.kind)) }

    package var failures: Int { Int(faulty_disk_failures(pointer)) }

    /// The first call that failed, as `write log.sqlite-wal`.
    package var firstFailure: String { String(cString: faulty_disk_first_failure(pointer)) }

    /// Writes what a power loss now would leave into a folder, which exists.
    package func writeSurvivors(to folder: String, seed: UInt64) throws {
        guard faulty_disk_survivors(pointer, folder, seed) == 0 else { throw FaultyDiskTrouble() }
    }

    /// The disk, for whom it is put under.
    package var disk: Disk {
        Disk(
            vfs: name,
            calls: SystemCalls(
                open: { faulty_disk_open(self.pointer, $0, $1 | O_CLOEXEC, 0o600) },
                close: { _ = faulty_disk_close(self.pointer, $0) },
                read: { faulty_disk_pread(self.pointer, $0, $1.baseAddress, $1.count, $2) },
                write: { faulty_disk_pwrite(self.pointer, $0, $1.baseAddress, $1.count, $2) },
                truncate: { faulty_disk_ftruncate(self.pointer, $0, $1) },
                syncData: { faulty_disk_fsync(self.pointer, $0) },
                sync: { faulty_disk_fsync(self.pointer, $0) },
                rename: { faulty_disk_rename(self.pointer, $0, $1) },
                unlink: { faulty_disk_unlink(self.pointer, $0) }))
    }
}

struct FaultyDiskTrouble: Error {}
