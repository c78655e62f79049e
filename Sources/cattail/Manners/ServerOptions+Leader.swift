internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import SyncTransport

extension ServerOptions {
    /// For what is the leader's to change: a follower that is asked says that it does not lead, and
    /// knows who does.
    func askLeader(_ body: @escaping @Sendable (EndpointClient) async throws -> [UInt8])
        async throws -> [UInt8]
    {
        do {
            return try await withClient(body)
        } catch let error as ClientError where error.code == .notLeader {
            let report = try JSONReader.read(try await withClient { try await $0.members() })
            guard case .string(let name)? = report["leader"], let leader = ServerAddress(name)
            else { throw error }
            var configuration = try configuration()
            configuration.servers = [leader]
            let client = EndpointClient(configuration: configuration)
            do {
                let document = try await body(client)
                await client.close()
                return document
            } catch {
                await client.close()
                throw error
            }
        }
    }
}
