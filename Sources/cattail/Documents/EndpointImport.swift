internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

/// A document of an existing datastore. It is taken as it stands: what no field holds is kept,
/// what breaks a rule is flagged, and where it came from is recorded.
struct EndpointImport {
    let endpoint: WorkloadEndpoint
    let origin: Origin

    /// Refuses only what has no key: no object, another kind, no name to be found.
    init(_ document: StreamedDocument, namespace: String?) throws {
        let decoded = WorkloadEndpoint.decode(document.value, mode: .lenient)
        guard decoded.faults.isEmpty else { throw InvalidEndpoint(faults: decoded.faults) }
        var endpoint = decoded.value
        let moved = try document.etcd.map { try Self.place(&endpoint.metadata, at: $0) } ?? []
        try DocumentWrite.fillNamespace(&endpoint.metadata, given: namespace)
        if endpoint.metadata.name.isEmpty {
            endpoint.metadata.name = try endpoint.derivedName.get()
        }
        origin = Origin(
            resourceVersion: Self.version(endpoint.metadata, document.etcd),
            uid: endpoint.metadata.uid,
            creationTimestamp: Self.creation(document.value, endpoint.metadata),
            faults: decoded.notes.map(\.description) + moved)
        self.endpoint = endpoint
    }

    /// What is kept although no field holds it, and the rules that it breaks. The leader judges
    /// the rules again and records them with the event.
    var flags: [String] { origin.faults + endpoint.validate().map(\.description) }

    func request(effect: MutationRequest.Effect) -> MutationRequest {
        MutationRequest(.importing, endpoint, origin: origin, effect: effect)
    }

    /// An entry is what its key says: that is where its datastore looks it up. Gives back where
    /// the value says otherwise.
    private static func place(
        _ metadata: inout ObjectMetadata, at origin: EtcdKeyValue.Origin
    ) throws(Fault) -> [String] {
        guard let key = origin.endpointKey else {
            throw Fault(
                code: FaultCode.keyForeign,
                what: "the entry's key \(FieldFault.shown(origin.key)) is of no workload endpoint",
                remedy: "give what stands below \(EtcdKeyValue.Origin.endpointPrefix)")
        }
        let parts = [
            ("namespace", metadata.namespace, key.namespace), ("name", metadata.name, key.name),
        ]
        metadata.namespace = key.namespace
        metadata.name = key.name
        return parts.filter { !$1.isEmpty && $1 != $2 }.map { member, said, stored in
            "metadata.\(member): the value says \(FieldFault.shown(said)), "
                + "the entry's key \(FieldFault.shown(stored))"
        }
    }

    /// etcd's documents have none of their own: it is the entry's revision.
    private static func version(
        _ metadata: ObjectMetadata, _ etcd: EtcdKeyValue.Origin?
    ) -> String {
        if !metadata.resourceVersion.isEmpty { return metadata.resourceVersion }
        return etcd.map { String($0.modRevision) } ?? ""
    }

    /// As it was written, be it a time or not.
    private static func creation(_ document: DocumentValue, _ metadata: ObjectMetadata) -> String {
        if case .string(let text)? = document["metadata"]?["creationTimestamp"] { return text }
        return metadata.creationTimestamp?.description ?? ""
    }
}
