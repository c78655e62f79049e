internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

/// What is to be done with each document of an input.
enum DocumentOperation: Hashable, Sendable {
    case apply
    case create
    case replace
    case delete
    case importing
}

/// A document on its way: a request, or why there is none.
struct PreparedDocument: Sendable {
    var position: DocumentPosition
    var warnings: [Fault] = []
    var content: Content

    enum Content: Sendable {
        case request(MutationRequest)
        case faults([Fault])
    }
}

/// Turns documents into requests by calicoctl's rules: the namespace from the document, else
/// `-n`, else `default`; of metadata only name, namespace, resourceVersion, labels and
/// annotations count, the rest is the store's.
struct DocumentWrite: Sendable {
    let operation: DocumentOperation
    /// `-n`, when it was given.
    let namespace: String?
    let effect: MutationRequest.Effect

    func prepare(_ result: DocumentResult) -> PreparedDocument {
        switch result {
        case .failure(let fault):
            return PreparedDocument(position: fault.position, content: .faults([Fault(fault)]))
        case .success(let document):
            var warnings = document.warnings.map { Fault($0, in: document.position) }
            let content = content(document, &warnings)
            return PreparedDocument(
                position: document.position, warnings: warnings, content: content)
        }
    }

    private func content(
        _ document: StreamedDocument, _ warnings: inout [Fault]
    ) -> PreparedDocument.Content {
        do {
            return .request(try request(document, &warnings))
        } catch {
            return .faults(Fault.all(of: error).map { $0.at(document.position) })
        }
    }

    private func request(
        _ document: StreamedDocument, _ warnings: inout [Fault]
    ) throws -> MutationRequest {
        switch operation {
        case .apply: return try put(.apply, document, for: .apply)
        case .create: return try put(.create, document, for: .create)
        case .replace: return try put(.replace, document, for: .apply)
        case .delete: return try delete(document)
        case .importing:
            let imported = try EndpointImport(document, namespace: namespace)
            warnings += imported.flags.map {
                Fault(
                    code: FaultCode.invalid, what: $0, position: document.position,
                    remedy: "it is kept and flagged")
            }
            return imported.request(effect: effect)
        }
    }

    private func put(
        _ operation: MutationRequest.Operation, _ document: StreamedDocument,
        for write: EndpointWrite
    ) throws -> MutationRequest {
        var decoded = WorkloadEndpoint.decode(document.value, mode: .strict)
        try Self.fillNamespace(&decoded.value.metadata, given: namespace)
        let faults = decoded.allFaults(for: write)
        guard faults.isEmpty else { throw InvalidEndpoint(faults: faults) }
        var endpoint = decoded.value
        let expected = Self.version(endpoint.metadata)
        var metadata = ObjectMetadata()
        metadata.name = try endpoint.derivedName.get()
        metadata.namespace = endpoint.metadata.namespace
        metadata.labels = endpoint.metadata.labels
        metadata.annotations = endpoint.metadata.annotations
        endpoint.metadata = metadata
        return MutationRequest(operation, endpoint, expectedSeq: expected, effect: effect)
    }

    /// A delete needs a key and nothing else of its document, which may break any rule.
    private func delete(_ document: StreamedDocument) throws -> MutationRequest {
        var decoded = WorkloadEndpoint.decode(document.value, mode: .lenient)
        guard decoded.faults.isEmpty else { throw InvalidEndpoint(faults: decoded.faults) }
        try Self.fillNamespace(&decoded.value.metadata, given: namespace)
        var metadata = decoded.value.metadata
        if metadata.name.isEmpty { metadata.name = try decoded.value.derivedName.get() }
        return MutationRequest(
            .delete, key: EndpointKey(namespace: metadata.namespace, name: metadata.name),
            expectedSeq: Self.version(metadata), effect: effect)
    }

    private static func version(_ metadata: ObjectMetadata) -> Seq? {
        UInt64(metadata.resourceVersion).map { Seq($0) }
    }

    /// The document's namespace, else the one given, else `default`. A document of another than
    /// the given one is a fault.
    static func fillNamespace(
        _ metadata: inout ObjectMetadata, given: String?
    ) throws(Fault) {
        if metadata.namespace.isEmpty {
            metadata.namespace = given ?? NamespaceOption.standard
        } else if let given, given != metadata.namespace {
            throw Fault(
                code: FaultCode.namespaceMismatch,
                what: "resource namespace does not match client namespace. "
                    + "\(FieldFault.shown(metadata.namespace)) != \(given)",
                field: "metadata.namespace", remedy: "leave -n away, or correct the document")
        }
    }
}
