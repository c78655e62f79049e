import CSQLite
import Glibc

/// A VFS whose WAL files fail on demand: SQLite's default one with two calls in between. One
/// switch for the process, so its tests run one after another.
enum FailingWAL {
    static let name = "failing-wal"

    enum Fault: Int32 {
        case none
        /// The data is in the page cache and fsync says no.
        case sync
        /// The disk takes nothing more.
        case write
    }

    nonisolated(unsafe) static var fault = Fault.none
    nonisolated(unsafe) private static var vfs = sqlite3_vfs()
    nonisolated(unsafe) private static var base: UnsafeMutablePointer<sqlite3_vfs>?
    nonisolated(unsafe) private static var methods = sqlite3_io_methods()
    nonisolated(unsafe) private static var real: UnsafePointer<sqlite3_io_methods>?
    nonisolated(unsafe) private static let nameBytes = strdup(name)

    /// Registers the VFS, once.
    static let isRegistered: Bool = {
        base = sqlite3_vfs_find(nil)
        guard let base else { return false }
        vfs = base.pointee
        vfs.pNext = nil
        vfs.zName = UnsafePointer(nameBytes)
        vfs.xOpen = { _, path, file, flags, outFlags in
            let code = FailingWAL.open(path, file, flags, outFlags)
            if code == SQLITE_OK, flags & SQLITE_OPEN_WAL != 0 { FailingWAL.wrap(file) }
            return code
        }
        return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK
    }()

    private static func open(
        _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 { base?.pointee.xOpen(base, path, file, flags, outFlags) ?? SQLITE_ERROR }

    private static func wrap(_ file: UnsafeMutablePointer<sqlite3_file>?) {
        guard let file, let found = file.pointee.pMethods else { return }
        real = found
        methods = found.pointee
        methods.xSync = { file, flags in
            FailingWAL.fault == .sync
                ? SQLITE_IOERR | (4 << 8)
                : FailingWAL.real?.pointee.xSync(file, flags) ?? SQLITE_ERROR
        }
        methods.xWrite = { file, bytes, count, offset in
            FailingWAL.fault == .write
                ? SQLITE_FULL
                : FailingWAL.real?.pointee.xWrite(file, bytes, count, offset) ?? SQLITE_ERROR
        }
        withUnsafePointer(to: &methods) { file.pointee.pMethods = $0 }
    }
}
