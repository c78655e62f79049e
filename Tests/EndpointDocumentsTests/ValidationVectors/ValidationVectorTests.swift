import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

@Suite("The vectors of validation")
struct ValidationVectorTests {
    @Test("our vectors of validation pass, all 208")
    func ourVectors() throws {
        let url = try #require(
            Bundle.module.url(
                forResource: "wep-validation", withExtension: "json", subdirectory: "Vectors"))
        try run(url, count: 208)
    }

    @Test("the reference's vectors of validation pass, all 78")
    func referenceVectors() throws {
        guard let url = ReferenceVectors.url("vectors/reference/wep-validation.json") else {
            return
        }
        try run(url, count: 78)
    }

    private func run(_ url: URL, count: Int) throws {
        let file = try ValidationVector.load(url)
        #expect(file.count == String(count))
        #expect(file.vectors.count == count)
        for vector in file.vectors { try check(vector) }
    }

    private func check(_ vector: ValidationVector) throws {
        let verdict = try verdict(on: vector)
        let comment = Comment(rawValue: "\(vector.id): \(verdict.stages)")
        #expect(verdict.isValid == vector.valid, comment)
        #expect(verdict.stage == vector.stage, comment)
        if vector.stage != "decode" {
            let wanted = GoFieldNames.jsonPaths(vector.errorFields, kind: vector.kind)
            #expect(verdict.fields == wanted, comment)
        }
        if let name = vector.name { #expect(verdict.derivedName == name, comment) }
        if let normalized = vector.normalized {
            let text = verdict.normalized?.compactJSON
            #expect(text == normalized.compactJSON, comment)
        }
    }

    /// Each kind goes to the rules of that object alone.
    private func verdict(on vector: ValidationVector) throws -> Verdict {
        switch vector.kind {
        case "wep":
            return try endpointVerdict(vector)
        case "spec":
            let decoded = WorkloadEndpointSpec.decode(vector.doc)
            return verdict(decoded, DocumentValue(decoded.value)) { spec, faults in
                spec.addFaults(to: &faults)
            }
        case "metadata":
            let decoded = ObjectMetadata.decode(vector.doc)
            return verdict(decoded, DocumentValue(decoded.value)) { metadata, faults in
                metadata.addFaults(to: &faults)
            }
        case "port":
            let decoded = EndpointPort.decode(vector.doc, at: "spec.ports[0]")
            return verdict(decoded, DocumentValue(decoded.value)) { port, faults in
                port.addFaults(to: &faults, at: { "spec.ports[0]" })
            }
        case "ipnat":
            let decoded = IPNAT.decode(vector.doc, at: "spec.ipNATs[0]")
            return verdict(decoded, DocumentValue(decoded.value)) { nat, faults in
                nat.addFaults(to: &faults, at: { "spec.ipNATs[0]" })
            }
        case "protocol":
            let decoded = TransportProtocol.decode(vector.doc, at: "protocol")
            return verdict(decoded, DocumentValue(decoded.value)) { transport, faults in
                if let rule = transport.brokenRule { faults.add("protocol", transport.shown, rule) }
            }
        default:
            throw FieldFault(field: vector.id, reason: "is of an unknown kind \(vector.kind)")
        }
    }

    private func verdict<Value>(
        _ decoded: Decoded<Value>, _ normalized: DocumentValue,
        _ rules: (Value, inout FaultList) -> Void
    ) -> Verdict {
        if !decoded.faults.isEmpty { return Verdict(stages: [("decode", decoded.faults)]) }
        var faults = FaultList()
        rules(decoded.value, &faults)
        return Verdict(stages: [("validate", faults.all)], normalized: normalized)
    }

    private func endpointVerdict(_ vector: ValidationVector) throws -> Verdict {
        let decoded = WorkloadEndpoint.decode(vector.doc, mode: .strict)
        if !decoded.faults.isEmpty { return Verdict(stages: [("decode", decoded.faults)]) }
        var endpoint = decoded.value
        let write: EndpointWrite = vector.op == "update" ? .update : .create
        if write == .update {
            // The vectors leave out what a reader of the stored endpoint brings along.
            endpoint.metadata.creationTimestamp = Timestamp(seconds: 1)
            endpoint.metadata.uid = "6b8cf1c5-7d0c-4d52-8f28-0c2d9c3a5e11"
        }
        let derivedName = endpoint.derivedName
        var verdict = Verdict(stages: [
            ("name", endpoint.nameFaults(derivedName: derivedName)),
            ("validate", endpoint.fieldFaults(derivedName: derivedName)),
            ("namespace", endpoint.namespaceFaults()),
            ("resourceVersion", endpoint.versionFaults(for: write)),
        ])
        verdict.derivedName = try? derivedName.get()
        #expect(Set(endpoint.validate(for: write).map(\.field)) == Set(faultFields(verdict)))
        #expect(try !goesTheQuickWay(endpoint) || endpoint.validate(for: .apply).isEmpty)
        if verdict.isValid { verdict.normalized = stored(try endpoint.prepared(for: write)) }
        return verdict
    }

    /// Whether its bytes alone prove it good.
    private func goesTheQuickWay(_ endpoint: WorkloadEndpoint) throws -> Bool {
        var endpoint = endpoint
        endpoint.addImplicitLabels()
        guard let encoded = try? EncodedEndpoint(validating: endpoint.encodedEndpoint()) else {
            return false
        }
        return encoded.keepsRulesAsItStands(under: endpoint.key)
    }

    private func faultFields(_ verdict: Verdict) -> [String] {
        verdict.stages.flatMap(\.faults).map(\.field)
    }

    /// As stored, minus what the vectors leave out; labels in the vectors' own order.
    private func stored(_ endpoint: WorkloadEndpoint) -> DocumentValue {
        var stored = endpoint
        stored.metadata.uid = ""
        stored.metadata.creationTimestamp = nil
        stored.metadata.resourceVersion = ""
        return DocumentValue(stored)
    }
}
