internal import EndpointModel

/// An endpoint that is canonical decodes, and encodes to the same bytes; the scan that says that
/// it keeps every rule is right.
enum EndpointClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let key = EndpointKey(namespace: input.text(), name: input.text())
        let bytes = Array(input.rest)
        guard let encoded = try? EncodedEndpoint(validating: bytes) else { return }
        var endpoint = try mustRead("a canonical endpoint") {
            try WorkloadEndpoint(encodedEndpoint: bytes)
        }
        let written = endpoint.encodedEndpoint()
        try claim(written.count <= bytes.count, "an endpoint grows as it is written")
        if encoded.isWhollyKnown, written.count == bytes.count {
            try claim(written == bytes, "an endpoint of known fields changes as it is written")
        }
        endpoint.metadata.namespace = key.namespace
        endpoint.metadata.name = key.name
        try rules(encoded, endpoint, under: key)
        if case .success(let name) = endpoint.derivedName {
            let namespace = endpoint.metadata.labels[WorkloadEndpoint.namespaceLabel] ?? ""
            endpoint.metadata.namespace = namespace
            endpoint.metadata.name = name
            try rules(encoded, endpoint, under: EndpointKey(namespace: namespace, name: name))
        }
    }

    private static func rules(
        _ encoded: EncodedEndpoint, _ endpoint: WorkloadEndpoint, under key: EndpointKey
    ) throws {
        let faults = endpoint.validate(for: .apply)
        try claim(faults.count <= 4 * (FaultList.mostFaults + 1), "\(faults.count) faults")
        for fault in faults {
            let length = fault.value.utf8.count + fault.reason.utf8.count
            try claim(length <= 4 * FieldFault.shownByteCount + 1_024, "a fault of \(length) bytes")
        }
        guard encoded.keepsRulesAsItStands(under: key) else { return }
        try claim(faults.isEmpty, "the scan says that it keeps the rules: \(faults)")
        let prepared = try mustRead("what keeps the rules") { try endpoint.prepared(for: .apply) }
        try claim(prepared == endpoint, "what is stored as it stands would be changed")
    }
}
