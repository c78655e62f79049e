package import EndpointModel
package import EndpointState
package import SyncProtocol

/// A mutation that passed everything that can be judged without the state: its endpoint is
/// valid, has its name and implicit labels, and is encoded as the item will hold it.
///
/// A class, because it is passed on and kept some times and has many parts.
package final class AdmittedMutation: Sendable {
    package let ticket: UInt64
    package let requestID: String
    package let requestHash: Hash256
    package let operation: SyncProtocol.Operation
    package let key: EndpointKey
    /// Of the key: made here, where there is time.
    package let keyHash: KeyHash
    /// The canonical encoding; nil for deletes.
    package let endpoint: EncodedEndpoint?
    package let expectedSeq: Seq?
    package let expectedUID: UID?
    package let origin: Origin?
    package let dryRun: DryRun
    package let actor: Actor

    init(
        _ mutation: Mutation, from actor: Actor, key: EndpointKey, endpoint: EncodedEndpoint?,
        origin: Origin?
    ) {
        ticket = mutation.ticket
        requestID = mutation.requestID
        requestHash = mutation.requestHash
        operation = mutation.operation
        self.key = key
        keyHash = KeyHash(key)
        self.endpoint = endpoint
        expectedSeq = mutation.expectedSeq
        expectedUID = mutation.expectedUID
        self.origin = origin
        dryRun = mutation.dryRun
        self.actor = actor
    }

    /// About what it holds: the bytes of its endpoint.
    package var endpointBytes: Int { endpoint?.bytes.count ?? 0 }
}

/// Who wants a mutation, and from where.
package struct Actor: Hashable, Sendable {
    package let name: String
    package let proof: AuditPart.ActorProof
    /// `127.0.0.1:40112`.
    package let address: String
    /// As rights see it.
    package let identity: Identity

    /// - Parameter identity: Nil: what its name claims.
    package init(
        name: String, proof: AuditPart.ActorProof, address: String, identity: Identity? = nil
    ) {
        self.name = name
        self.proof = proof
        self.address = address
        self.identity = identity ?? .claimed(name)
    }
}

/// The first step of a mutation's way: what needs no state. It runs wherever there is time,
/// never on the committer's thread.
package enum Admission {
    package static func admit(_ mutation: Mutation, from actor: Actor)
        -> Result<AdmittedMutation, MutationFailure>
    {
        do {
            return .success(try admitted(mutation, actor))
        } catch {
            return .failure(error)
        }
    }

    private static func admitted(_ mutation: Mutation, _ actor: Actor) throws(MutationFailure)
        -> AdmittedMutation
    {
        var key = mutation.key
        var endpoint: EncodedEndpoint?
        var origin: Origin?
        switch mutation.operation {
        case .delete:
            guard !key.namespace.isEmpty, !key.name.isEmpty else {
                throw .invalid([FieldFault(field: "metadata.name", reason: "is needed to delete")])
            }
        case .apply, .create, .replace:
            (key, endpoint) = try checked(mutation)
        case .importing:
            let imported = try imported(mutation)
            key = imported.endpoint.key
            endpoint = try encoded(imported.endpoint)
            origin = try Self.origin(mutation.origin ?? Origin(), imported.faults)
        }
        try checkSize(key, endpoint?.bytes.count ?? 0)
        return AdmittedMutation(
            mutation, from: actor, key: key, endpoint: endpoint, origin: origin)
    }

    /// As it is to be stored. Nearly every endpoint comes that way, and its bytes are proof; any
    /// other is decoded, judged and prepared.
    private static func checked(_ mutation: Mutation) throws(MutationFailure)
        -> (EndpointKey, EncodedEndpoint)
    {
        let given = try? EncodedEndpoint(validating: mutation.endpoint)
        if let given, given.keepsRulesAsItStands(under: mutation.key) {
            return (mutation.key, given)
        }
        let wanted = try decoded(mutation)
        let prepared = try prepared(wanted)
        // What preparing leaves alone is taken as it came, when our encoder would write the same.
        if let given, given.isWhollyKnown, wanted.hasImplicitLabels { return (prepared.key, given) }
        return (prepared.key, try encoded(prepared))
    }

    private static func encoded(_ endpoint: WorkloadEndpoint) throws(MutationFailure)
        -> EncodedEndpoint
    {
        do {
            return try EncodedEndpoint(validating: endpoint.encodedEndpoint())
        } catch {
            throw .unreadable(error)
        }
    }

    private static func decoded(_ mutation: Mutation) throws(MutationFailure) -> WorkloadEndpoint {
        do {
            return try mutation.decodedEndpoint()
        } catch {
            throw .unreadable(error)
        }
    }

    /// Every fault at once; the implicit labels and the name as they are to be stored.
    private static func prepared(_ endpoint: WorkloadEndpoint) throws(MutationFailure)
        -> WorkloadEndpoint
    {
        do {
            return try endpoint.prepared(for: .apply)
        } catch {
            throw .invalid(error.faults)
        }
    }

    /// As it stands: rules that it breaks are noted and nothing is refused for them, but an
    /// endpoint must have a key.
    private static func imported(_ mutation: Mutation) throws(MutationFailure)
        -> (endpoint: WorkloadEndpoint, faults: [String])
    {
        var endpoint = try decoded(mutation)
        let faults = endpoint.validate()
        if endpoint.metadata.name.isEmpty, case .success(let name) = endpoint.derivedName {
            endpoint.metadata.name = name
        }
        guard !endpoint.metadata.namespace.isEmpty, !endpoint.metadata.name.isEmpty else {
            throw .invalid(faults)
        }
        return (endpoint, faults.map(\.description))
    }

    /// What an imported document said of itself, and the rules that it breaks, as many as the
    /// audit part has room for.
    private static func origin(_ stated: Origin, _ faults: [String]) throws(MutationFailure)
        -> Origin
    {
        var origin = stated
        var byteCount = [stated.resourceVersion, stated.uid, stated.creationTimestamp]
            .reduce(0) { $0 + $1.utf8.count + 8 }
        byteCount += stated.faults.reduce(0) { $0 + $1.utf8.count + 8 }
        guard byteCount <= originByteLimit else {
            throw .originTooLarge(bytes: byteCount, limit: originByteLimit)
        }
        let note = "document: has more faults, not listed here"
        for fault in faults {
            byteCount += fault.utf8.count + 8
            guard byteCount + note.utf8.count + 8 <= originByteLimit else {
                origin.faults.append(note)
                break
            }
            origin.faults.append(fault)
        }
        return origin
    }

    /// A record is at most an item and 64 KiB: the rest of the audit part takes far less than
    /// the 16 KiB left to it.
    private static let originByteLimit = 48 << 10

    private static func checkSize(_ key: EndpointKey, _ endpointBytes: Int) throws(MutationFailure)
    {
        let byteCount = endpointBytes + key.namespace.utf8.count + key.name.utf8.count + 128
        guard byteCount <= EncodedItem.byteLimit else {
            throw .tooLarge(bytes: byteCount, limit: EncodedItem.byteLimit)
        }
    }
}
