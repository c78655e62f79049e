internal import Glibc
package import LogStore
package import SQLiteStore

/// A file of one line beside the log, for people to read, that is whole whenever the power goes.
package enum SmallFile {
    /// The file's bytes, of a long one as many as show that it is; nil when there is none.
    package static func read(_ path: String, atMost byteCount: Int) throws(LogError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failed("open", path)
        }
        defer { close(descriptor) }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount + 1) { buffer, filled in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            filled = max(0, count)
        }
        guard count >= 0 else { throw failed("read", path) }
        return bytes
    }

    /// Puts the text in the file's place; when this returns it is there after a power loss too.
    package static func write(
        _ text: String, to name: String, in directory: String, on disk: Disk = .system
    ) throws(LogError) {
        let path = directory + "/" + name
        try writeBeside(text, path, disk.calls)
        guard disk.calls.rename(path + ".new", path) == 0 else { throw failed("rename", path) }
        try sync(directory, disk.calls)
    }

    /// Beside its place first: what stands there is whole, whenever the power goes.
    private static func writeBeside(
        _ text: String, _ path: String, _ calls: SystemCalls
    ) throws(LogError) {
        let temporary = path + ".new"
        let descriptor = calls.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw failed("open", temporary) }
        let bytes = Array(text.utf8)
        // So few bytes are written whole or not at all.
        let isWritten =
            bytes.withUnsafeBytes { calls.write(descriptor, $0, 0) } == bytes.count
            && calls.sync(descriptor) == 0
        let failure = isWritten ? nil : failed("write", temporary)
        calls.close(descriptor)
        if let failure { throw failure }
    }

    private static func sync(_ directory: String, _ calls: SystemCalls) throws(LogError) {
        let descriptor = calls.open(directory, O_RDONLY)
        guard descriptor >= 0 else { throw failed("open", directory) }
        defer { calls.close(descriptor) }
        guard calls.sync(descriptor) == 0 else { throw failed("fsync", directory) }
    }

    private static func failed(_ call: String, _ path: String) -> LogError {
        .unavailable(path: path, reason: "\(call): \(String(cString: strerror(errno)))")
    }
}
