internal import EndpointDocuments
internal import EndpointModel

/// What `validate` finds of one document, without a server.
struct ValidatedDocument: Sendable {
    let position: DocumentPosition
    let warnings: [Fault]
    /// What the identifiers give, be it the given one or not; the given one where they give
    /// none.
    let name: String
    let faults: [Fault]

    var isValid: Bool { faults.isEmpty }

    init(_ result: DocumentResult) {
        switch result {
        case .failure(let fault): self.init(unreadable: fault)
        case .success(let document): self.init(document)
        }
    }

    private init(unreadable fault: StreamFault) {
        position = fault.position
        warnings = []
        name = ""
        faults = [Fault(fault)]
    }

    private init(_ document: StreamedDocument) {
        position = document.position
        warnings = document.warnings.map { Fault($0, in: document.position) }
        var decoded = WorkloadEndpoint.decode(document.value, mode: .strict)
        if decoded.value.metadata.namespace.isEmpty {
            decoded.value.metadata.namespace = NamespaceOption.standard
        }
        faults = decoded.allFaults().map { Fault($0).at(document.position) }
        name = (try? decoded.value.derivedName.get()) ?? decoded.value.metadata.name
    }

    /// `{"valid":…,"name":…,"errors":[{"field","reason"}]}`
    var json: String {
        JSONLine([
            ("valid", .bool(isValid)), ("name", .string(name)),
            (
                "errors",
                .array(
                    faults.map {
                        JSONLine([("field", .string($0.field)), ("reason", .string($0.what))])
                            .value
                    })
            ),
        ]).text
    }
}
