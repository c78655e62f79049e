internal import EndpointModel
internal import Glibc
internal import LogStore
internal import SyncProtocol

/// `DIR/node-id`: who this node is to those that it replicates from, from its first start on and
/// across restarts (R46). 32 lower-case hexadecimal digits and a newline, for people to read.
enum NodeIDFile {
    static let name = DataDirectory.Name.nodeID

    private static let digits = 32

    /// What the file says; a directory without one gets one, on disk before it is ever told.
    ///
    /// - Throws: `NodeIDMalformed`, or `LogError.unavailable` of the world's faults.
    static func keep(in directory: String) throws -> NodeID {
        let path = directory + "/" + name
        if let text = try read(path) { return try parse(text, path) }
        var generator = SystemRandomNumberGenerator()
        let id = NodeID.random(using: &generator)
        try write("\(id)\n", to: path)
        try sync(directory)
        return id
    }

    /// Whether the directory is that of a node which replicates, or was one.
    static func exists(in directory: String) -> Bool {
        access(directory + "/" + name, F_OK) == 0
    }

    private static func parse(_ text: [UInt8], _ path: String) throws(NodeIDMalformed) -> NodeID {
        let line = String(decoding: text.dropLast(), as: UTF8.self)
        guard text.count == digits + 1, text.last == UInt8(ascii: "\n"),
            let id = Hexadecimal.bytes(line)?.withUnsafeBytes({ NodeID(bytes: $0) }),
            id.description == line
        else { throw NodeIDMalformed(path: path) }
        return id
    }

    /// The file's bytes, of a long one enough to see that; nil when there is none.
    private static func read(_ path: String) throws(LogError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failed("open", path)
        }
        defer { close(descriptor) }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: digits + 2) { buffer, filled in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while count < 0 && errno == EINTR
            filled = max(0, count)
        }
        guard count >= 0 else { throw failed("read", path) }
        return bytes
    }

    /// Beside its place first: what stands there is whole, whenever the power goes.
    private static func write(_ text: String, to path: String) throws(LogError) {
        let temporary = path + ".new"
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failed("open", temporary) }
        let bytes = Array(text.utf8)
        // So few bytes are written whole or not at all.
        let isWritten =
            Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let failure = isWritten ? nil : failed("write", temporary)
        close(descriptor)
        if let failure { throw failure }
        guard rename(temporary, path) == 0 else { throw failed("rename", path) }
    }

    private static func sync(_ directory: String) throws(LogError) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed("open", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failed("fsync", directory) }
    }

    private static func failed(_ call: String, _ path: String) -> LogError {
        .unavailable(path: path, reason: "\(call): \(String(cString: strerror(errno)))")
    }
}

/// The file that names a node does not: it would be known as another one, or as none.
package struct NodeIDMalformed: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String

    // error-codes
    package var code: String { "node-id-malformed" }
    package var what: String { "\(path) does not hold 32 hexadecimal digits and a newline" }
    package var remedy: String {
        "restore it, or remove it: the node then has a new name among those that replicate"
    }
    package var description: String { "\(code): \(what); \(remedy)" }
}
