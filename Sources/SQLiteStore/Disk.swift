internal import Glibc

/// How a node's files are reached: SQLite's by a VFS, the few others by calls to the system. Tests
/// put a disk in its place that fails and forgets.
package struct Disk: Sendable {
    /// The SQLite VFS to go through; nil is SQLite's default.
    package var vfs: String?
    package var calls: SystemCalls

    package init(vfs: String?, calls: SystemCalls) {
        self.vfs = vfs
        self.calls = calls
    }

    package static let system = Disk(vfs: nil, calls: .system)
}

/// The calls to the system that change files or make them durable: -1 with `errno` set, when they
/// fail.
package struct SystemCalls: Sendable {
    /// Path and flags; a file that is made gets mode 0600. A folder can be opened to be synced.
    package var open: @Sendable (String, Int32) -> Int32
    package var close: @Sendable (Int32) -> Void
    /// Into the bytes, from an offset.
    package var read: @Sendable (Int32, UnsafeMutableRawBufferPointer, Int) -> Int
    /// The bytes, to an offset; fewer than all of them is a legal answer.
    package var write: @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int
    package var truncate: @Sendable (Int32, Int) -> Int32
    /// What was written, and the file's length.
    package var syncData: @Sendable (Int32) -> Int32
    /// All of it; of a folder its names.
    package var sync: @Sendable (Int32) -> Int32
    package var rename: @Sendable (String, String) -> Int32
    package var unlink: @Sendable (String) -> Int32

    package init(
        open: @escaping @Sendable (String, Int32) -> Int32,
        close: @escaping @Sendable (Int32) -> Void,
        read: @escaping @Sendable (Int32, UnsafeMutableRawBufferPointer, Int) -> Int,
        write: @escaping @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int,
        truncate: @escaping @Sendable (Int32, Int) -> Int32,
        syncData: @escaping @Sendable (Int32) -> Int32,
        sync: @escaping @Sendable (Int32) -> Int32,
        rename: @escaping @Sendable (String, String) -> Int32,
        unlink: @escaping @Sendable (String) -> Int32
    ) {
        self.open = open
        self.close = close
        self.read = read
        self.write = write
        self.truncate = truncate
        self.syncData = syncData
        self.sync = sync
        self.rename = rename
        self.unlink = unlink
    }

    package static let system = SystemCalls(
        open: { Glibc.open($0, $1 | O_CLOEXEC, 0o600) },
        close: { _ = Glibc.close($0) },
        read: { pread($0, $1.baseAddress, $1.count, $2) },
        write: { pwrite($0, $1.baseAddress, $1.count, $2) },
        truncate: { ftruncate($0, $1) },
        syncData: { fdatasync($0) },
        sync: { fsync($0) },
        rename: { Glibc.rename($0, $1) },
        unlink: { Glibc.unlink($0) })
}
