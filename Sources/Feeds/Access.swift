package import EndpointModel
package import EndpointState

/// What one connection may have, by the rights of the seq that this node serves (G13).
package struct Access: Sendable {
    /// Nil: nothing at all; and before its hello.
    package private(set) var grant: Grant?
    /// What it subscribes to, as it asked.
    package var wanted: Selection?

    package init() {}

    package mutating func judge(_ identity: Identity, by rights: RightsStanding) {
        grant = rights.grant(to: identity)
    }

    /// What new rights mean for whoever subscribes to endpoints.
    package enum Turn: Hashable, Sendable {
        case ends
        case goesOn
        case moves(to: Selection)
    }

    /// By new rights. Who still waits to be served has asked for no selection yet, and goes on
    /// waiting.
    package mutating func turn(_ identity: Identity, by rights: RightsStanding) -> Turn {
        let before = given
        judge(identity, by: rights)
        guard allows(.endpoints) else { return .ends }
        guard let given, given != before else { return .goesOn }
        return .moves(to: given)
    }

    package func allows(_ permission: Permission) -> Bool { grant?.allows(permission) == true }

    /// What it is given of what it wants; nil: nothing.
    package var given: Selection? {
        guard let grant, grant.allows(.endpoints) else { return nil }
        return wanted?.narrowed(to: grant.selection)
    }
}
