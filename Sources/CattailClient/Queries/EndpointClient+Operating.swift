package import SyncProtocol

/// What operators ask of a node; the command line does.
extension EndpointClient {
    /// The membership, as a compact JSON document in UTF-8; changed before, if that is wished.
    package func members(_ wish: MembersQuery = MembersQuery()) async throws -> [UInt8] {
        try await document(.members(wish), "members")
    }

    /// Makes the server that answers the leader: epoch, its first seq and what may be lost by it, as
    /// a compact JSON document in UTF-8.
    package func promote(_ force: Force) async throws -> [UInt8] {
        try await document(.promote(force), "promote")
    }

    /// The rights in force, as a compact JSON document in UTF-8; replaced before, if that is wished.
    package func rights(_ wish: RightsQuery = RightsQuery()) async throws -> [UInt8] {
        try await document(.rights(wish), "rights")
    }

    /// What left the server's log because a later leader's history lacks it.
    package func orphanedLog() -> QueryPages<LogEntry> {
        pages(.log(LogQuery(source: .orphaned))) { $0.entries }
    }
}
