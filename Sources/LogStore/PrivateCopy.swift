internal import Glibc

/// A copy of a log and its WAL in a directory of our own, gone with this value. SQLite's
/// `immutable=1` would do without, and would silently ignore the WAL.
final class PrivateCopy {
    let logPath: String
    private let directory: String

    init(of path: String) throws(LogError) {
        directory = try FileSystem.makeTemporaryDirectory()
        logPath = directory + "/" + DataDirectory.Name.log
        try FileSystem.copy(path, to: logPath)
        if FileSystem.exists(path + "-wal") {
            try FileSystem.copy(path + "-wal", to: logPath + "-wal")
        }
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { unlink(logPath + suffix) }
        rmdir(directory)
    }
}
