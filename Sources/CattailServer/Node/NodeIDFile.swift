internal import Glibc
internal import LogStore
internal import ReplicaLog
internal import SyncProtocol

/// `DIR/node-id`: who this node is to those that it replicates from, from its first start on and
/// across restarts (R46).
enum NodeIDFile {
    static let name = DataDirectory.Name.nodeID

    private static let byteLimit = 33

    /// What the file says; a directory without one gets one, on disk before it is ever told.
    ///
    /// - Throws: `NodeIDMalformed`, or `LogError.unavailable` of the world's faults.
    static func keep(in directory: String) throws -> NodeID {
        let path = directory + "/" + name
        if let text = try SmallFile.read(path, atMost: byteLimit) {
            guard let id = NodeID(file: text) else { throw NodeIDMalformed(path: path) }
            return id
        }
        var generator = SystemRandomNumberGenerator()
        let id = NodeID.random(using: &generator)
        try SmallFile.write(id.file, to: name, in: directory)
        return id
    }

    /// Whether the directory is that of a node which replicates, or was one.
    static func exists(in directory: String) -> Bool {
        access(directory + "/" + name, F_OK) == 0
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
