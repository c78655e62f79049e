internal import EndpointModel
internal import EndpointState
internal import ReplicaCore
internal import SyncProtocol

/// What a line or a blob of ours says is written again as it stood.
enum SmallFileClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        switch input.byte() % 3 {
        case 0:
            guard let pledge = Pledge(file: Array(input.rest)) else { return }
            try claim(Array(pledge.file.utf8) == Array(input.rest), "a promise reads otherwise")
        case 1:
            guard let id = NodeID(file: Array(input.rest)) else { return }
            try claim(Array(id.file.utf8) == Array(input.rest), "a node's ID reads otherwise")
        default: try membership(input.rest)
        }
    }

    private static func membership(_ bytes: UnsafeRawBufferPointer) throws {
        guard let standing = try? MembershipStanding(encoded: bytes) else { return }
        let again = try mustRead("a membership") {
            try standing.encoded.withUnsafeBytes { try MembershipStanding(encoded: $0) }
        }
        try claim(again == standing, "a membership reads otherwise")
        let voters = standing.voters
        try claim(Set(voters).count == voters.count, "a voter twice")
        if let needed = standing.current.promisesNeeded {
            try claim((1...standing.current.voters.count).contains(needed), "\(needed) promises")
        }
    }
}
