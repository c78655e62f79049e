internal import EndpointModel
internal import Glibc

/// `DIR/anchor`: two slots, written in turn, each in a page of its own, so that a write that
/// power loss tears leaves the other slot whole.
final class AnchorFile {
    static let slotSpacing = 4096
    static let fileBytes = 2 * slotSpacing

    let path: String
    private let descriptor: Int32
    private var generation: UInt64

    private init(path: String, descriptor: Int32, generation: UInt64) {
        self.path = path
        self.descriptor = descriptor
        self.generation = generation
    }

    deinit { close(descriptor) }

    /// Makes the file with both slots filled, so that later writes need no space, and syncs it.
    static func create(_ path: String, logID: LogID) throws(LogError) {
        let temporary = path + ".new"
        try FileSystem.remove(temporary)
        let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable(path: temporary, reason: FileSystem.reason("open"))
        }
        let file = AnchorFile(path: temporary, descriptor: descriptor, generation: 0)
        for _ in 0..<2 { try file.write(.origin(of: logID), logID, RequestIndexSum()) }
        guard ftruncate(descriptor, off_t(fileBytes)) == 0 else {
            throw .unavailable(path: temporary, reason: FileSystem.reason("ftruncate"))
        }
        try file.sync()
        try FileSystem.rename(temporary, to: path)
    }

    static func open(_ path: String, last: LogAnchor) throws(LogError) -> AnchorFile {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .unavailable(path: path, reason: FileSystem.reason("open"))
        }
        return AnchorFile(path: path, descriptor: descriptor, generation: last.generation)
    }

    /// The newest valid slot; nil when there is no file. A live writer may be at one slot while
    /// this reads, and at the other a moment later, so a file without a valid slot is read again
    /// before it is refused.
    static func read(_ path: String) throws(LogError) -> LogAnchor? {
        guard FileSystem.exists(path) else { return nil }
        for _ in 0..<3 {
            let bytes = try FileSystem.read(path, count: fileBytes)
            if let anchor = newest(in: bytes) { return anchor }
        }
        throw .damaged(path: path, firstBad: nil, reason: "neither slot is valid")
    }

    static func newest(in bytes: [UInt8]) -> LogAnchor? {
        bytes.withUnsafeBytes { file in
            [0, slotSpacing].compactMap { offset in
                guard offset < file.count else { return nil }
                return LogAnchor(slot: UnsafeRawBufferPointer(rebasing: file[offset...]))
            }.max { $0.generation < $1.generation }
        }
    }

    /// Writes the slot that is not the newest. Called after the commit's fsync: the anchor may be
    /// older than the log, never newer. No fsync here: the page cache outlives a killed process.
    func write(
        _ head: LogHead, _ logID: LogID, _ requests: RequestIndexSum
    ) throws(LogError) {
        generation &+= 1
        let anchor = LogAnchor(
            logID: logID, generation: generation, head: head, requests: requests)
        let offset = generation.isMultiple(of: 2) ? 0 : Self.slotSpacing
        guard FileSystem.write(anchor.encoded(), to: descriptor, at: offset) else {
            throw .unavailable(path: path, reason: FileSystem.reason("pwrite"))
        }
    }

    /// Called off the append path, with checkpoints: bounds how old power loss can make it.
    func sync() throws(LogError) {
        guard fdatasync(descriptor) == 0 else {
            throw .unavailable(path: path, reason: FileSystem.reason("fdatasync"))
        }
    }
}
