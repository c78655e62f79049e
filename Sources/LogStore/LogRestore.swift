package import EndpointModel
internal import SQLiteStore

/// A log that is made of a backup, in a folder of its own inside the directory that it is for. It
/// moves to its place when it has been found right, and when nothing is to be changed any more: a
/// node that starts before finds no log, or one without its anchor or an anchor without its log,
/// each of which it refuses.
package final class LogRestore {
    private let directory: DataDirectory
    private let staging: DataDirectory
    private var requests = RequestIndexSum()
    private let disk = Disk.system

    private static let stagingName = ".restore"

    /// Copies the file. A restoration that was cut off in this directory is begun anew.
    ///
    /// - Throws: `notEmpty`, `logExists` of the directory; of the file, what a reader throws.
    package init(of file: String, into directory: DataDirectory) throws(LogError) {
        self.directory = directory
        let place = directory.path + "/" + Self.stagingName
        if FileSystem.isDirectory(place), !FileSystem.exists(directory.logPath) {
            try disk.remove(directory.anchorPath)
        }
        try directory.requireEmpty()
        // A WAL beside it holds commits that the file lacks: it is a node's log, and no backup.
        guard (FileSystem.size(of: file + "-wal") ?? 0) == 0 else {
            throw .notOurs(path: file, reason: "a WAL lies beside it")
        }
        staging = try DataDirectory.acquire(place)
        try staging.clear()
        try FileSystem.copy(file, to: staging.logPath)
        try disk.sync(staging.logPath)
    }

    /// Reads the backup's events, of which nothing has been believed yet. To be let go of before
    /// `finish`: SQLite would know the file by the name that it had here.
    package func openReader() throws(LogError) -> LogReader {
        try LogReader.open(directory: staging.path)
    }

    /// The request of an event that was found right, for the index to be held to (G11).
    package func note(_ request: RequestKey, of seq: Seq) {
        var buffer: [UInt8] = []
        request.withBytes(&buffer) { requests.add($0, seq) }
    }

    /// All events up to the head have been found right, and all requests told: the log can be
    /// written, in its own folder still.
    package func openWriter(_ logID: LogID, at head: LogHead) throws(LogError) -> LogWriter {
        try AnchorFile.create(staging.anchorPath, logID: logID, at: head, requests, on: disk)
        return try LogWriter.open(in: staging, expecting: logID)
    }

    /// Puts it in its place. The writer has been closed.
    package func finish() throws(LogError) {
        guard (FileSystem.size(of: staging.logPath + "-wal") ?? 0) == 0 else {
            throw .unavailable(path: staging.logPath, reason: "its WAL is not empty")
        }
        try disk.sync(staging.logPath)
        try disk.rename(staging.anchorPath, to: directory.anchorPath)
        try disk.rename(staging.logPath, to: directory.logPath)
        try disk.sync(directory.path)
        try abandon()
    }

    /// Takes away what was begun.
    package func abandon() throws(LogError) { try staging.removeWhole() }
}
