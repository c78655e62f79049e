package import EndpointModel
internal import SQLiteStore

/// Why the log, or the directory it lives in, was refused or did not do as asked. Each names
/// what failed, on which value, and what to do.
package enum LogError: Error, Hashable, Sendable {
    // The data directory.
    case parentMissing(directory: String)
    case notADirectory(path: String)
    case readOnlyDirectory(directory: String)
    /// Something is in the directory that is to be filled.
    case notEmpty(directory: String, name: String)
    /// Something stands where a file is to be made.
    case fileExists(path: String)
    /// `holder` is what the lock file says: a process ID, or that it says nothing.
    case directoryInUse(directory: String, holder: String)

    // The file.
    case logMissing(path: String)
    case logExists(path: String)
    case emptyFile(path: String)
    case notOurs(path: String, reason: String)
    case newerVersion(path: String, found: Int, supported: Int)
    case wrongLog(path: String, found: LogID, expected: LogID)
    case anchorMissing(path: String)
    /// Something that was stored is missing or wrong. `firstBad` is the first such seq; nil when
    /// every event is right and the damage lies elsewhere, as `reason` says.
    case damaged(path: String, firstBad: Seq?, reason: String)

    // Appending.
    /// The batch cannot follow the head or is not what its hashes say; nothing was written.
    case batchRefused(seq: Seq, reason: String)
    /// The batch holds a request that the log has already; nothing was written (G11).
    case requestRepeated(path: String)
    /// Too little space is left for the batch; nothing was written.
    case spaceLow(directory: String, freeBytes: UInt64, neededBytes: UInt64)
    /// A write or an fsync failed: what was in flight may or may not be in the log (G1).
    case outcomeUnknown(path: String, cause: String)
    /// An earlier write failed and recovery has not succeeded since: reads only.
    case suspect(path: String, cause: String)

    /// The system or SQLite could not do it now: descriptors, memory, permissions, a lock.
    case unavailable(path: String, reason: String)

    /// The condition's name, as scripts see it.
    // error-codes
    package var code: String {
        switch self {
        case .parentMissing: "parent-missing"
        case .notADirectory: "not-a-directory"
        case .readOnlyDirectory: "read-only-directory"
        case .notEmpty: "not-empty"
        case .fileExists: "file-exists"
        case .directoryInUse: "directory-in-use"
        case .logMissing: "log-missing"
        case .logExists: "log-exists"
        case .emptyFile: "empty-file"
        case .notOurs: "not-ours"
        case .newerVersion: "newer-version"
        case .wrongLog: "wrong-log"
        case .anchorMissing: "anchor-missing"
        case .damaged: "damaged"
        case .batchRefused: "batch-refused"
        case .requestRepeated: "request-repeated"
        case .spaceLow: "read-only"
        case .outcomeUnknown: "outcome-unknown"
        case .suspect: "read-only"
        case .unavailable: "unavailable"
        }
    }

    /// The first seq that is missing or wrong, when this says so.
    package var firstBad: Seq? {
        if case .damaged(_, let seq, _) = self { seq } else { nil }
    }
}

extension LogError: CustomStringConvertible {
    package var description: String { "\(what); \(remedy)" }

    /// What failed, on which value.
    package var what: String {
        switch self {
        case .parentMissing(let directory):
            "the parent of data directory \(directory) does not exist"
        case .notADirectory(let path): "\(path) is not a directory"
        case .readOnlyDirectory(let directory): "data directory \(directory) cannot be written"
        case .notEmpty(let directory, let name): "directory \(directory) holds \(name)"
        case .fileExists(let path): "\(path) is there already"
        case .directoryInUse(let directory, let holder):
            "data directory \(directory) is in use by \(holder)"
        case .logMissing(let path): "there is no log at \(path)"
        case .logExists(let path): "there is a log at \(path) already"
        case .emptyFile(let path): "\(path) is empty: every event from seq 1 on is missing"
        case .notOurs(let path, let reason): "\(path) is not ours: \(reason)"
        case .newerVersion(let path, let found, let supported):
            "\(path) has format \(found), and this version knows formats up to \(supported)"
        case .wrongLog(let path, let found, let expected):
            "\(path) is of log \(found), not of log \(expected)"
        case .anchorMissing(let path): "the anchor \(path) is missing"
        case .damaged(let path, let seq?, let reason):
            "\(path) is damaged: seq \(seq) is the first that is missing or wrong: \(reason)"
        case .damaged(let path, nil, let reason): "\(path) is damaged: \(reason)"
        case .batchRefused(let seq, let reason): "the batch was refused at seq \(seq): \(reason)"
        case .requestRepeated(let path): "\(path) has an event of this request ID already"
        case .spaceLow(let directory, let free, let needed):
            "\(free) bytes are free for \(directory), and \(needed) are needed"
        case .outcomeUnknown(let path, let cause):
            "a write to \(path) failed, its outcome is unknown: \(cause)"
        case .suspect(let path, let cause): "\(path) is read-only since a write failed: \(cause)"
        case .unavailable(let path, let reason): "\(path) cannot be used now: \(reason)"
        }
    }

    package var remedy: String {
        switch self {
        case .parentMissing: "make the parent directory first"
        case .notADirectory, .notOurs: "name another data directory"
        case .readOnlyDirectory: "give the user of this process the right to write it"
        case .notEmpty: "name an empty directory"
        case .fileExists: "name another file, or remove it"
        case .directoryInUse: "stop that process or name another data directory"
        case .logMissing: "name a data directory that holds a log"
        case .logExists: "open it, or name another data directory"
        case .emptyFile, .damaged: "restore the data directory from a copy or from a follower"
        case .newerVersion: "use the version that wrote it, or a later one"
        case .wrongLog: "name the data directory of that log, or an empty one"
        case .anchorMissing: "restore the data directory as a whole, with its anchor"
        case .batchRefused: "report this: the committer must not build such a batch"
        case .requestRepeated, .outcomeUnknown: "ask for the outcome by request ID"
        case .spaceLow: "free space on the disk; writes come back by themselves"
        case .suspect: "look at the disk; writes come back when recovery succeeds"
        case .unavailable: "remove the cause, then retry"
        }
    }
}

extension LogError {
    /// The world's fault, told by SQLite, while `path` was read or opened.
    static func reading(_ path: String, _ error: SQLiteError) -> LogError {
        error.isDamage
            ? .damaged(path: path, firstBad: nil, reason: error.description)
            : .unavailable(path: path, reason: error.description)
    }
}
