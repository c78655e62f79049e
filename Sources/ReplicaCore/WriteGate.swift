package import EndpointModel
import EndpointState
import SyncProtocol

/// Who may write what, by the rights in force where a batch is planned (G13).
struct WriteGate {
    private let rights: RightsStanding
    /// Most of a batch comes from few.
    private var grants: [Identity: Grant?] = [:]

    init(_ rights: RightsStanding) { self.rights = rights }

    /// Nil when it may happen. An endpoint that the writer may not see is not there for it, but
    /// where it stands in the way of a new one.
    mutating func refusal(of mutation: AdmittedMutation, _ standing: KeyedView.Standing)
        -> MutationFailure?
    {
        guard rights.rights != nil else { return nil }
        let actor = mutation.actor
        guard let grant = grant(to: actor.identity), grant.allows(.writing) else {
            return .notAllowed(actor, .writing)
        }
        if grant.selection.isEverything { return nil }
        // First, so that this refusal says nothing of what stands.
        if let endpoint = mutation.endpoint, !grant.selection.matches(endpoint, of: mutation.key) {
            return .outside(grant.selection, mutation)
        }
        if case .live(let item) = standing, !grant.selection.matches(item) {
            switch mutation.operation {
            case .replace, .delete: return .notFound(mutation.key)
            case .create, .apply, .importing: return .outside(grant.selection, mutation)
            }
        }
        return nil
    }

    private mutating func grant(to identity: Identity) -> Grant? {
        if let known = grants[identity] { return known }
        let grant = rights.grant(to: identity)
        grants[identity] = .some(grant)
        return grant
    }
}

extension Selection {
    fileprivate func matches(_ endpoint: EncodedEndpoint, of key: EndpointKey) -> Bool {
        guard var decoded = try? WorkloadEndpoint(encodedEndpoint: endpoint.bytes) else {
            return false
        }
        decoded.metadata.namespace = key.namespace
        return matches(decoded)
    }
}

extension MutationFailure {
    fileprivate static func outside(_ selection: Selection, _ mutation: AdmittedMutation)
        -> MutationFailure
    {
        .notAllowed(
            "\(mutation.actor.name) is held to \(selection), and \(mutation.key) is or would be"
                + " beyond it")
    }

    package static func notAllowed(_ actor: Actor, _ permission: Permission) -> MutationFailure {
        .notAllowed("\(actor.name) may not \(permission.description)")
    }
}
