extension FuzzTarget {
    static let fileTargets = [
        FuzzTarget("cache-file", mostBytes: 8_192, of: ["SyncProtocol/CacheFile"]) {
            try CacheFileClaims.check($0)
        },
        FuzzTarget(
            "log", mostBytes: 256,
            of: [
                "LogStore/Log", "LogStore/EventQueries", "LogStore/DamageSearch",
                "LogStore/AnchorFile",
            ]
        ) {
            try LogClaims.check($0)
        },
        FuzzTarget(
            "views", mostBytes: 256,
            of: ["Projection/ViewFile", "Projection/ViewLoading", "Projection/ViewStore.swift"]
        ) { try ViewClaims.check($0) },
        FuzzTarget(
            "small-files", mostBytes: 1_024,
            of: [
                "ReplicaCore/Pledge", "SyncProtocol/Messages/NodeID+File",
                "EndpointState/MembershipStanding",
                "EndpointModel/Wire/Membership",
            ]
        ) { try SmallFileClaims.check($0) },
    ]
}
