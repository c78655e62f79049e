package import LogStore
package import ReplicaCore
package import SQLiteStore

/// `DIR/pledge`: the promise that this node gave last, on disk before anybody is told of it (G10).
package struct PledgeFile: Sendable {
    static let name = DataDirectory.Name.pledge
    private static let byteLimit = 512
    private let directory: String
    private let disk: Disk

    package init(directory: String, disk: Disk = .system) {
        self.directory = directory
        self.disk = disk
    }

    package func read() throws -> Pledge {
        let path = directory + "/" + Self.name
        guard let text = try SmallFile.read(path, atMost: Self.byteLimit) else { return .none }
        guard let pledge = Pledge(file: text) else { throw PledgeMalformed(path: path) }
        return pledge
    }

    package func write(_ pledge: Pledge) throws(LogError) {
        try SmallFile.write(pledge.file, to: Self.name, in: directory, on: disk)
    }
}

/// What the node promised cannot be read. Without it the node might break its word.
package struct PledgeMalformed: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String

    // error-codes
    package var code: String { "pledge-malformed" }
    package var what: String { "\(path) does not say what this node promised" }
    package var remedy: String {
        "restore it; or begin with an empty directory, and it is filled from the leader"
    }
    package var description: String { "\(code): \(what); \(remedy)" }
}
