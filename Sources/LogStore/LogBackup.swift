package import EndpointModel
internal import SQLiteStore

/// A log that is written to one file, event by event. The file is there when it is whole and on the
/// disk, and not before: it grows in a folder beside it, `FILE.cattail-backup`, with the log's own writer, so
/// that each event is held to its hashes and to the one before.
package final class LogBackup {
    package let path: String
    private let staging: DataDirectory
    private let writer: LogWriter

    /// - Throws: `fileExists` when something stands at the path; what a writer throws.
    package init(file path: String, logID: LogID) throws(LogError) {
        guard !FileSystem.exists(path) else { throw .fileExists(path: path) }
        self.path = path
        staging = try DataDirectory.acquire(path + ".cattail-backup")
        try staging.clear()
        writer = try LogWriter.create(in: staging, logID: logID)
    }

    package var head: LogHead { writer.head }

    package func append(_ entries: [LogEntry]) throws(LogError) {
        try writer.append(entries)
        _ = try writer.checkpointIfDue(.busy)
    }

    /// Puts the file in its place.
    package func finish() throws(LogError) {
        try writer.close()
        // Nobody else reads it, so the WAL is all in the file; else this would be half of a log.
        guard (FileSystem.size(of: staging.logPath + "-wal") ?? 0) == 0 else {
            throw .unavailable(path: staging.logPath, reason: "its WAL is not empty")
        }
        guard !FileSystem.exists(path) else { throw .fileExists(path: path) }
        let disk = Disk.system
        try disk.sync(staging.logPath)
        try disk.rename(staging.logPath, to: path)
        try disk.sync(FileSystem.parent(of: path))
        try abandon()
    }

    /// Takes away what was begun.
    package func abandon() throws(LogError) { try staging.removeWhole() }
}
