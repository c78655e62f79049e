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

    /// The directory in which a path's last name stands.
    static func parent(of path: String) -> String {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return parent.isEmpty ? "/" : parent
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Bytes of a file that has an end from the start; nil for pipes, terminals and directories.
    package static func regularSize(of path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(exactly: status.st_size)
    }

    static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
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
