internal import Glibc

/// A folder of this process under `TMPDIR`, for targets that read files.
final class ScratchFolder {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/cattail-fuzz-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else { throw BrokenClaim(description: "no folder under \(parent)") }
        path = made
    }

    deinit {
        clear()
        rmdir(path)
    }

    func path(_ name: String) -> String { path + "/" + name }

    /// Removes every file.
    func clear() {
        guard let stream = opendir(path) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { unlink(path(name)) }
        }
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        try claim(written == bytes.count, "\(path(name)) cannot be written")
    }

    func read(_ name: String) throws -> [UInt8] {
        let descriptor = open(path(name), O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var status = stat()
        try claim(fstat(descriptor, &status) == 0, "\(path(name)) cannot be read")
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = bytes.withUnsafeMutableBytes {
            Glibc.read(descriptor, $0.baseAddress, $0.count)
        }
        try claim(count == bytes.count, "\(path(name)) cannot be read whole")
        return bytes
    }
}
