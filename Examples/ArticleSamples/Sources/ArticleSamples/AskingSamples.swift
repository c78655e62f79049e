import CattailClient
import EndpointModel

/// The code of the article about questions.
public enum AskingSamples {
    /// An endpoint as it is, and as it was an hour ago.
    public static func nowAndThen(_ key: EndpointKey, _ client: EndpointClient) async throws
        -> (now: EncodedItem?, then: EncodedItem?)
    {
        // snippet.get
        let now = try await client.get(key)
        let then = try await client.get(key, at: .age(microseconds: 3_600_000_000))
        // snippet.end
        return (now, then)
    }

    /// The addresses of a namespace's endpoints after a past event.
    public static func addresses(
        of namespace: String, after seq: Seq, _ client: EndpointClient
    ) async throws -> [String] {
        var addresses: [String] = []
        // snippet.list
        let selection = Selection(namespace: namespace)
        for try await page in client.list(selection, at: .seq(seq)) {
            for item in page { addresses += try item.endpoint().spec.ipNetworks }
        }
        // snippet.end
        return addresses
    }

    /// Who changed an endpoint, oldest first.
    public static func actors(of key: EndpointKey, _ client: EndpointClient) async throws
        -> [String]
    {
        // snippet.history
        let (entries, _) = try await client.history(key).collect()
        let actors = try entries.map { try $0.record.audit().actor }
        // snippet.end
        return actors
    }
}
