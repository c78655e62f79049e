internal import Glibc
internal import NIOCore

/// A file descriptor that closes itself. Calls answer whether they were done; `errno` says why
/// not.
final class OpenFile: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Nil when there is no such file.
    static func openExisting(_ path: String) throws(ClientError) -> OpenFile? {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        if descriptor >= 0 { return OpenFile(descriptor: descriptor) }
        if errno == ENOENT { return nil }
        throw ClientError(
            code: .unavailable,
            message: "the cache \(path) cannot be opened: \(String(cString: strerror(errno)))",
            remedy: "name a file that can be read and written")
    }

    /// An empty file that only its owner may read, in place of any that stands there.
    static func create(_ path: String) -> OpenFile? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
        return descriptor >= 0 ? OpenFile(descriptor: descriptor) : nil
    }

    /// Held until the file is closed, also by a crash.
    func lock() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    /// Reads on to the end, a part at a time.
    func readAll(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 256 << 10, alignment: 16) { room in
            while true {
                let count = read(descriptor, room.baseAddress, room.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                body(UnsafeRawBufferPointer(rebasing: room[..<count]))
            }
        }
    }

    func truncate(to byteCount: Int) -> Bool { ftruncate(descriptor, byteCount) == 0 }

    func write(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = Self.write(descriptor, rest)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        #else
            Musl.write(descriptor, bytes.baseAddress, bytes.count)
        #endif
    }

    func sync() -> Bool { fdatasync(descriptor) == 0 }
}
