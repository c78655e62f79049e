internal import Glibc
internal import SQLiteStore
internal import Synchronization

/// A node's data directory, held by this process alone until it is released, or this value goes.
///
/// The hold is a `flock` on `DIR/lock`: the kernel drops it with the process, however that ends,
/// so a killed node never keeps its directory. Not POSIX record locks: those vanish when any
/// descriptor of the file is closed. The file's text, the holder's process ID, is for people.
package final class DataDirectory: Sendable {
    package let path: String
    /// Nil when it was released.
    private let lockDescriptor: Mutex<Int32?>

    private init(path: String, lockDescriptor: Int32) {
        self.path = path
        self.lockDescriptor = Mutex(lockDescriptor)
    }

    deinit { release() }

    /// Gives the directory up, whoever still refers to this value: nothing of its owner's may
    /// write there afterwards. Again is a legal no-op.
    ///
    /// Unlocked before it is closed: a child process that was started meanwhile has the
    /// descriptor too until its program begins, and the hold with it.
    package func release() {
        lockDescriptor.withLock { descriptor in
            guard let held = descriptor else { return }
            flock(held, LOCK_UN)
            close(held)
            descriptor = nil
        }
    }

    /// Makes the directory (mode 0700) if its parent exists, and takes it.
    package static func acquire(_ directory: String) throws(LogError) -> DataDirectory {
        let path = normalized(directory)
        try make(path)
        guard FileSystem.isDirectory(path) else { throw .notADirectory(path: path) }
        guard FileSystem.isWritable(path) else { throw .readOnlyDirectory(directory: path) }
        try refuseForeign(path)
        return DataDirectory(path: path, lockDescriptor: try lock(path))
    }

    package var logPath: String { Self.logPath(in: path) }
    package var anchorPath: String { Self.anchorPath(in: path) }

    package static func logPath(in directory: String) -> String {
        normalized(directory) + "/" + Name.log
    }

    package static func anchorPath(in directory: String) -> String {
        normalized(directory) + "/" + Name.anchor
    }

    /// What stands in a data directory.
    package enum Name {
        package static let log = "log.sqlite"
        package static let anchor = "anchor"
        package static let lock = "lock"
        package static let views = "views.sqlite"
        package static let nodeID = "node-id"
        package static let pledge = "pledge"
        /// How the names of files begin that hold what left the log.
        package static let orphaned = "orphaned"
    }

    private static func normalized(_ directory: String) -> String {
        var path = directory
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return path
    }

    private static func make(_ path: String) throws(LogError) {
        guard mkdir(path, 0o700) != 0 else { return try syncParent(of: path) }
        switch errno {
        case EEXIST: return
        case ENOENT: throw .parentMissing(directory: path)
        case EACCES, EROFS: throw .readOnlyDirectory(directory: path)
        case ENOTDIR: throw .notADirectory(path: path)
        default: throw .unavailable(path: path, reason: FileSystem.reason("mkdir"))
        }
    }

    /// The new directory's name lies in its parent, and must be there after a power loss (G1).
    private static func syncParent(of path: String) throws(LogError) {
        try Disk.system.sync(FileSystem.parent(of: path))
    }

    /// A directory without a log that holds anything else is somebody's: a home directory, say,
    /// given by mistake. What every volume or our own aborted start leaves behind is no sign.
    private static func refuseForeign(_ path: String) throws(LogError) {
        let names = try FileSystem.names(in: path)
        guard !names.contains(Name.log) else { return }
        let ours = [
            Name.log, Name.anchor, Name.lock, Name.views, Name.nodeID, Name.pledge, Name.orphaned,
            "lost+found",
        ]
        let foreign = names.first { name in
            !name.hasPrefix(".") && !ours.contains { name == $0 || name.hasPrefix($0 + "-") }
                && ![Name.log, Name.anchor, Name.nodeID, Name.pledge].contains {
                    name.hasPrefix($0 + ".")
                }
        }
        guard let foreign else { return }
        throw .notOurs(path: path, reason: "it holds no log, but \(foreign)")
    }

    /// Throws unless the directory is as it was made: for what is to come into an empty one.
    func requireEmpty() throws(LogError) {
        let names = try FileSystem.names(in: path)
        guard !names.contains(Name.log) else { throw .logExists(path: logPath) }
        let found = names.first { $0 != Name.lock && $0 != "lost+found" && !$0.hasPrefix(".") }
        if let found { throw .notEmpty(directory: path, name: found) }
    }

    /// Removes a log and what belongs to it.
    func clear() throws(LogError) {
        for name in try FileSystem.names(in: path) where name != Name.lock {
            try Disk.system.remove(path + "/" + name)
        }
    }

    /// Removes the directory, which holds nothing but what `clear` removes, and gives it up.
    func removeWhole() throws(LogError) {
        try clear()
        try Disk.system.remove(path + "/" + Name.lock)
        release()
        guard rmdir(path) == 0 else {
            throw .unavailable(path: path, reason: FileSystem.reason("rmdir"))
        }
    }

    private static func lock(_ directory: String) throws(LogError) -> Int32 {
        let path = directory + "/" + Name.lock
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .unavailable(path: path, reason: FileSystem.reason("open"))
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let reason = FileSystem.reason("flock")
            close(descriptor)
            guard isHeld else { throw .unavailable(path: path, reason: reason) }
            throw .directoryInUse(directory: directory, holder: holder(path))
        }
        guard ftruncate(descriptor, 0) == 0,
            Disk.system.write(Array("\(getpid())\n".utf8), to: descriptor, at: 0)
        else {
            let reason = FileSystem.reason("write")
            close(descriptor)
            throw .unavailable(path: path, reason: reason)
        }
        return descriptor
    }

    private static func holder(_ path: String) -> String {
        let bytes = (try? Disk.system.read(path, count: 20)) ?? []
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty
            ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
