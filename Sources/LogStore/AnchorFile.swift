internal import EndpointModel
internal import Glibc
internal import SQLiteStore

/// `DIR/anchor`: two slots, written in turn, each in a page of its own, so that a write that
/// power loss tears leaves the other slot whole.
final class AnchorFile {
    static let slotSpacing = 4096
    static let fileBytes = 2 * slotSpacing

    let path: String
    private let disk: Disk
    private let descriptor: Int32
    private var generation: UInt64

    private init(path: String, _ disk: Disk, descriptor: Int32, generation: UInt64) {
        self.path = path
        self.disk = disk
        self.descriptor = descriptor
        self.generation = generation
    }

    deinit { disk.calls.close(descriptor) }

    /// Makes the file with both slots filled, so that later writes need no space, and syncs it.
    static func create(
        _ path: String, logID: LogID, at head: LogHead, _ requests: RequestIndexSum,
        on disk: Disk
    ) throws(LogError) {
        let temporary = path + ".new"
        try disk.remove(temporary)
        let descriptor = try disk.open(temporary, O_WRONLY | O_CREAT | O_EXCL)
        let file = AnchorFile(path: temporary, disk, descriptor: descriptor, generation: 0)
        for _ in 0..<2 { try file.write(head, logID, requests) }
        guard disk.calls.truncate(descriptor, fileBytes) == 0 else {
            throw disk.failed("ftruncate", temporary)
        }
        try file.sync()
        try disk.rename(temporary, to: path)
    }

    static func open(
        _ path: String, last: LogAnchor, on disk: Disk
    ) throws(LogError) -> AnchorFile {
        let descriptor = try disk.open(path, O_RDWR)
        return AnchorFile(path: path, disk, descriptor: descriptor, generation: last.generation)
    }

    /// The newest valid slot; nil when there is no file. A live writer may be at one slot while
    /// this reads, and at the other a moment later, so a file without a valid slot is read again
    /// before it is refused.
    static func read(_ path: String, on disk: Disk) throws(LogError) -> LogAnchor? {
        guard FileSystem.exists(path) else { return nil }
        for _ in 0..<3 {
            let bytes = try disk.read(path, count: fileBytes)
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
        // A slot that was half written is written again: the other is the only whole one.
        let next = generation &+ 1
        let anchor = LogAnchor(logID: logID, generation: next, head: head, requests: requests)
        let offset = next.isMultiple(of: 2) ? 0 : Self.slotSpacing
        guard disk.write(anchor.encoded(), to: descriptor, at: offset) else {
            throw disk.failed("pwrite", path)
        }
        generation = next
    }

    /// Called off the append path, with checkpoints: bounds how old power loss can make it.
    func sync() throws(LogError) {
        guard disk.calls.syncData(descriptor) == 0 else { throw disk.failed("fdatasync", path) }
    }
}
