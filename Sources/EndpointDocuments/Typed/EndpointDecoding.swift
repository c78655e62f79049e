package import EndpointModel

extension WorkloadEndpoint {
    /// Reads a WorkloadEndpoint from a document; everything that does not fit is reported at
    /// once, each by its JSON path. The rules of its values are judged elsewhere:
    /// `Decoded.allFaults(for:)` gives both together.
    ///
    /// In lenient mode only what has no key at all is refused: a document that is no object, of
    /// another kind, or whose metadata or spec is none.
    package static func decode(
        _ document: DocumentValue, mode: DecodingMode
    ) -> Decoded<WorkloadEndpoint> {
        let decoder = TypedDecoder()
        var endpoint = WorkloadEndpoint()
        let leftover = decoder.endpoint(document, into: &endpoint)
        return decoder.finished(endpoint, mode: mode) { endpoint in
            endpoint.unknownFields = leftover?.inKeyOrder.compactJSON ?? ""
        }
    }
}

extension WorkloadEndpointSpec {
    /// Reads a spec alone; strict.
    package static func decode(_ document: DocumentValue) -> Decoded<WorkloadEndpointSpec> {
        let decoder = TypedDecoder(at: "spec")
        var spec = WorkloadEndpointSpec()
        _ = decoder.spec(document, into: &spec)
        return decoder.finished(spec, mode: .strict)
    }
}

extension ObjectMetadata {
    /// Reads metadata alone; strict.
    package static func decode(_ document: DocumentValue) -> Decoded<ObjectMetadata> {
        let decoder = TypedDecoder(at: "metadata")
        var metadata = ObjectMetadata()
        _ = decoder.metadata(document, into: &metadata)
        return decoder.finished(metadata, mode: .strict)
    }
}

extension EndpointPort {
    /// Reads a port alone; strict.
    package static func decode(_ document: DocumentValue, at path: String) -> Decoded<EndpointPort>
    {
        let decoder = TypedDecoder(at: path)
        var port = EndpointPort()
        _ = decoder.port(document, into: &port)
        return decoder.finished(port, mode: .strict)
    }
}

extension IPNAT {
    /// Reads a mapping alone; strict.
    package static func decode(_ document: DocumentValue, at path: String) -> Decoded<IPNAT> {
        let decoder = TypedDecoder(at: path)
        var nat = IPNAT()
        _ = decoder.nat(document, into: &nat)
        return decoder.finished(nat, mode: .strict)
    }
}

extension TransportProtocol {
    /// Reads a protocol alone; strict.
    package static func decode(
        _ document: DocumentValue, at path: String
    ) -> Decoded<TransportProtocol> {
        let decoder = TypedDecoder(at: path)
        var transport = TransportProtocol.number(0)
        _ = decoder.numberOrName(document, into: &transport)
        return decoder.finished(transport, mode: .strict)
    }
}

extension TypedDecoder {
    func finished<Value>(
        _ value: Value, mode: DecodingMode, keepingLeftovers keep: (inout Value) -> Void = { _ in }
    ) -> Decoded<Value> {
        switch mode {
        case .strict:
            return Decoded(value: value, faults: refusals.all + misfits.all)
        case .lenient:
            var kept = value
            keep(&kept)
            return Decoded(value: kept, faults: refusals.all, notes: misfits.all)
        }
    }

    func endpoint(_ document: DocumentValue, into endpoint: inout WorkloadEndpoint) -> Leftover {
        guard case .object(let members) = document else {
            refuse(document, "is no object: a WorkloadEndpoint has kind, metadata and spec")
            return nil
        }
        if !members.contains(where: { $0.key == "apiVersion" }) {
            refuse(at: "apiVersion", "is missing: write \(WorkloadEndpoint.apiVersion)")
        }
        if !members.contains(where: { $0.key == "kind" }) {
            refuse(at: "kind", "is missing: write \(WorkloadEndpoint.kind)")
        }
        return object(document) { key, value in
            switch key {
            case "apiVersion": return apiVersion(value)
            case "kind": return kind(value)
            case "metadata":
                return wholly(value) { self.metadata($0, into: &endpoint.metadata) }
            case "spec": return wholly(value) { self.spec($0, into: &endpoint.spec) }
            default: return unrecognized(value)
            }
        }
    }

    /// A part without which there is no endpoint: what is no object is refused in any mode.
    private func wholly(
        _ value: DocumentValue, _ take: (DocumentValue) -> Leftover
    ) -> Leftover {
        switch value {
        case .null, .object: return take(value)
        case .bool, .number, .string, .array:
            refuse(value, "is no object")
            return nil
        }
    }

    private func apiVersion(_ value: DocumentValue) -> Leftover {
        if value == .string(WorkloadEndpoint.apiVersion) { return nil }
        return misfit(value, rule: "is not \(WorkloadEndpoint.apiVersion)")
    }

    private func kind(_ value: DocumentValue) -> Leftover {
        if value != .string(WorkloadEndpoint.kind) {
            refuse(value, "is not \(WorkloadEndpoint.kind)")
        }
        return nil
    }
}
