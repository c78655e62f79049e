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
        default: try control(input.rest)
        }
    }

    private static func control(_ bytes: UnsafeRawBufferPointer) throws {
        guard let control = try? ControlStanding(encoded: bytes) else { return }
        let again = try mustRead("a control standing") {
            try control.encoded.withUnsafeBytes { try ControlStanding(encoded: $0) }
        }
        try claim(again == control, "a control standing reads otherwise")
        let standing = control.membership
        let voters = standing.voters
        try claim(Set(voters).count == voters.count, "a voter twice")
        if let needed = standing.current.promisesNeeded {
            try claim((1...standing.current.voters.count).contains(needed), "\(needed) promises")
        }
        try rights(control.rights)
    }

    /// What was sound when it was put in force can be given to anybody, and gives no more than the
    /// rule's selection.
    private static func rights(_ standing: RightsStanding) throws {
        guard let rights = standing.rights else { return }
        let isSound = rights.faults().isEmpty
        for rule in rights.rules.prefix(8) {
            let name = rule.identity.description
            guard let grant = rights.grant(to: .proven(commonName: name, uris: [])) else {
                continue
            }
            try claim(!grant.roles.isEmpty, "a grant of nothing")
            let wide = !grant.roles.isDisjoint(with: .seeingAll)
            try claim(
                !isSound || !wide || grant.selection.isEverything, "a log seen in part")
            try claim(
                Selection.nothing.narrowed(to: grant.selection).selector
                    != Selector.all, "narrowing gave more")
        }
    }
}
