internal import CattailClient
internal import EndpointModel

/// Reads an endpoint, changes it, and writes it back at the version that was read.
struct EndpointEdit {
    let client: EndpointClient
    let key: EndpointKey

    /// How often it begins anew when somebody else was faster.
    var attempts = 5

    func run(_ change: (inout WorkloadEndpoint) throws -> Void) async throws -> MutationResult {
        var attempt = 1
        while true {
            guard let item = try await client.get(key) else { throw Absence.fault(key) }
            var endpoint = try item.endpoint()
            let standing = endpoint.metadata
            try change(&endpoint)
            guard endpoint.key == key else { throw Self.moved(endpoint.key, from: key) }
            try Self.check(endpoint.metadata, standing: standing)
            let request = MutationRequest(.replace, endpoint, expectedSeq: item.seq)
            switch await outcome(of: request) {
            case .success(let result): return result
            case .failure(let error):
                guard error.code == .conflict, attempt < attempts else { throw error }
                attempt += 1
            }
        }
    }

    private func outcome(
        of request: MutationRequest
    ) async -> Result<MutationResult, ClientError> {
        do throws(ClientError) {
            return .success(try await client.perform(request))
        } catch {
            return .failure(error)
        }
    }

    /// A resourceVersion or uid that the change names is a condition, as it is in a document. One
    /// that it takes away is none.
    private static func check(
        _ given: ObjectMetadata, standing: ObjectMetadata
    ) throws(Fault) {
        let conditions = [
            ("resourceVersion", given.resourceVersion, standing.resourceVersion),
            ("uid", given.uid, standing.uid),
        ]
        for (name, wanted, found) in conditions where !wanted.isEmpty && wanted != found {
            throw Fault(
                code: FaultCode.conflict,
                what: "\(FieldFault.shown(wanted)) was expected, \(found) stands",
                field: "metadata.\(name)", remedy: "get it again and redo the change")
        }
    }

    private static func moved(_ now: EndpointKey, from key: EndpointKey) -> Fault {
        Fault(
            code: FaultCode.invalid, what: "\(now) is another endpoint than \(key)",
            field: "metadata", remedy: "create that one, then delete this one")
    }
}
