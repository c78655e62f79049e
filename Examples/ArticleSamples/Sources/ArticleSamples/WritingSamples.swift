import CattailClient
import EndpointModel

/// The code of the article about writing.
public enum WritingSamples {
    /// Writes one endpoint, whether it is there or not.
    public static func apply(_ client: EndpointClient) async throws -> WorkloadEndpoint {
        // snippet.apply
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = "default"
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = "node-00017"
        endpoint.spec.pod = "web-1"
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali0ef24ba"
        endpoint.spec.ipNetworks = ["10.0.0.7/32"]
        endpoint.metadata.name = try EndpointName.derive(from: EndpointIdentifiers(endpoint.spec))

        let result = try await client.apply(endpoint)
        print(result.key, result.outcome)
        // snippet.end
        return endpoint
    }

    /// Creates an endpoint; the seq of what stands there in its place when something does.
    public static func create(_ endpoint: WorkloadEndpoint, with client: EndpointClient)
        async throws -> Seq?
    {
        // snippet.create
        do {
            try await client.create(endpoint)
        } catch let error where error.code == .alreadyExists {
            return error.standingSeq
        }
        // snippet.end
        return nil
    }

    /// Writes with a request ID that outlives this program.
    public static func once(
        _ endpoint: WorkloadEndpoint, id: String, with client: EndpointClient
    ) async throws -> MutationResult {
        // snippet.once
        var request = MutationRequest(.apply, endpoint)
        request.requestID = id
        let result = try await client.perform(request)
        // snippet.end
        return result
    }

    /// Changes a label of what was read, unless somebody was there meanwhile.
    public static func relabel(_ key: EndpointKey, with client: EndpointClient) async throws {
        // snippet.relabel
        guard let item = try await client.get(key) else { return }
        var endpoint = try item.endpoint()
        endpoint.metadata.labels["tier"] = "edge"
        try await client.replace(endpoint, expecting: item.seq)
        // snippet.end
    }

    /// Writes many, and reports what failed.
    public static func applyAll(
        _ endpoints: [WorkloadEndpoint], with client: EndpointClient,
        report: (EndpointKey, ClientError) -> Void
    ) async throws {
        // snippet.many
        let requests = endpoints.lazy.map { MutationRequest(.apply, $0) }
        try await client.submit(Array(requests)) { result in
            if let error = result.error { report(result.key, error) }
        }
        // snippet.end
    }
}
