internal import EndpointModel
internal import EndpointState

/// What one connection may have, by the rights of the seq that this node serves (G13).
struct Access {
    /// Nil: nothing at all; and before its hello.
    private(set) var grant: Grant?
    /// What it subscribes to, as it asked.
    var wanted: Selection?

    mutating func judge(_ identity: Identity, by rights: RightsStanding) {
        grant = rights.grant(to: identity)
    }

    func allows(_ permission: Permission) -> Bool { grant?.allows(permission) == true }

    /// What it is given of what it wants; nil: nothing.
    var given: Selection? {
        guard let grant, grant.allows(.endpoints) else { return nil }
        return wanted?.narrowed(to: grant.selection)
    }
}
