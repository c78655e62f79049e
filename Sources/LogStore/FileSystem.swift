internal import Glibc

/// The few calls to the system that the log makes beside SQLite's. Each failure names the call,
/// the path and the system's words.
package enum FileSystem {
    static func reason(_ call: String) -> String { "\(call): \(String(cString: strerror(errno)))" }

    package static func volumeSpace(of path: String) -> VolumeSpace? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let unit = UInt64(status.f_frsize)
        return VolumeSpace(
            totalBytes: UInt64(status.f_blocks) &* unit,
            freeBytes: UInt64(status.f_bavail) &* unit)
    }

    /// Bytes of a file; nil when there is none.
    package static func size(of path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return UInt64(exactly: status.st_size)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a file if it is there.
    static func remove(_ path: String) throws(LogError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .unavailable(path: path, reason: reason("unlink"))
        }
    }

    static func rename(_ old: String, to new: String) throws(LogError) {
        guard Glibc.rename(old, new) == 0 else {
            throw .unavailable(path: new, reason: reason("rename"))
        }
    }

    /// Makes what was written to a file, or the names in a directory, survive power loss.
    static func sync(_ path: String) throws(LogError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unavailable(path: path, reason: reason("open")) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw .unavailable(path: path, reason: reason("fsync"))
        }
    }

    /// At most `count` bytes of a file from `offset`; fewer at its end.
    static func read(_ path: String, count: Int, at offset: Int = 0) throws(LogError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unavailable(path: path, reason: reason("open")) }
        defer { close(descriptor) }
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress?.advanced(by: filled), count - filled,
                    offset + filled)
                if got < 0 && errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                filled += got
            }
        }
        guard !failed else { throw .unavailable(path: path, reason: reason("pread")) }
        return bytes
    }

    /// Writes all bytes at `offset` of an open file; false with `errno` set when it fails.
    static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
                let wrote = pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
                if wrote < 0 && errno == EINTR { continue }
                guard wrote > 0 else { return false }
                done += wrote
            }
            return true
        }
    }

    /// Copies a file into a new one.
    static func copy(_ source: String, to target: String) throws(LogError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .unavailable(path: source, reason: reason("open")) }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .unavailable(path: target, reason: reason("open")) }
        defer { close(output) }
        var moved = 1
        while moved > 0 {
            moved = sendfile(output, input, nil, 16 << 20)
            if moved < 0 && errno == EINTR { moved = 1 }
        }
        guard moved == 0 else { throw .unavailable(path: target, reason: reason("sendfile")) }
    }

    /// The names in a directory, but for `.` and `..`.
    static func names(in directory: String) throws(LogError) -> [String] {
        guard let stream = opendir(directory) else {
            throw .unavailable(path: directory, reason: reason("opendir"))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// A new directory of our own under `TMPDIR` or `/tmp`.
    static func makeTemporaryDirectory() throws(LogError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/cattail-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else { throw .unavailable(path: parent, reason: reason("mkdtemp")) }
        return made
    }
}
