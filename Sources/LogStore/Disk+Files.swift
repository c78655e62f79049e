internal import Glibc
internal import SQLiteStore

/// Changes of files as their owners see them: each failure names the call, the path and the
/// system's words.
extension Disk {
    /// Removes a file if it is there.
    func remove(_ path: String) throws(LogError) {
        guard calls.unlink(path) == 0 || errno == ENOENT else { throw failed("unlink", path) }
    }

    func rename(_ old: String, to new: String) throws(LogError) {
        guard calls.rename(old, new) == 0 else { throw failed("rename", new) }
    }

    func open(_ path: String, _ flags: Int32) throws(LogError) -> Int32 {
        let descriptor = calls.open(path, flags)
        guard descriptor >= 0 else { throw failed("open", path) }
        return descriptor
    }

    /// Makes what was written to a file, or the names in a directory, survive power loss.
    func sync(_ path: String) throws(LogError) {
        let descriptor = try open(path, O_RDONLY)
        defer { calls.close(descriptor) }
        guard calls.sync(descriptor) == 0 else { throw failed("fsync", path) }
    }

    /// At most `count` bytes of a file; fewer at its end.
    func read(_ path: String, count: Int) throws(LogError) -> [UInt8] {
        let descriptor = try open(path, O_RDONLY)
        defer { calls.close(descriptor) }
        return try read(descriptor, path, count: count, at: 0)
    }

    /// Writes the bytes of a file anew where they stand, and syncs them. What a failed fsync left
    /// in the page cache alone is thought clean there, and another fsync would not write it; an
    /// unwritten page that the kernel has dropped since reads as it is on the disk, which is then
    /// the truth.
    func renew(_ path: String) throws(LogError) {
        let descriptor = try open(path, O_RDWR)
        defer { calls.close(descriptor) }
        var offset = 0
        while true {
            let bytes = try read(descriptor, path, count: 1 << 20, at: offset)
            if bytes.isEmpty { break }
            guard write(bytes, to: descriptor, at: offset) else { throw failed("pwrite", path) }
            offset += bytes.count
        }
        guard calls.syncData(descriptor) == 0 else { throw failed("fdatasync", path) }
    }

    /// Writes all bytes at `offset` of an open file; false with `errno` set when it fails.
    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let wrote = calls.write(descriptor, rest, offset + done)
                if wrote < 0 && errno == EINTR { continue }
                guard wrote > 0 else { return false }
                done += wrote
            }
            return true
        }
    }

    private func read(
        _ descriptor: Int32, _ path: String, count: Int, at offset: Int
    ) throws(LogError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let got = calls.read(descriptor, rest, offset + filled)
                if got < 0 && errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                filled += got
            }
        }
        guard !failed else { throw self.failed("pread", path) }
        return bytes
    }

    func failed(_ call: String, _ path: String) -> LogError {
        .unavailable(path: path, reason: FileSystem.reason(call))
    }
}
