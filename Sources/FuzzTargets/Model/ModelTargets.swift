extension FuzzTarget {
    static let modelTargets = [
        FuzzTarget("selectors", of: ["EndpointModel/Selector/"]) { try SelectorClaims.check($0) },
        FuzzTarget("names", mostBytes: 1_024, of: ["EndpointModel/Resource/EndpointName"]) {
            try NameClaims.names($0)
        },
        FuzzTarget(
            "addresses", mostBytes: 256,
            of: ["EndpointModel/Resource/IP", "EndpointModel/Resource/MAC"]
        ) { try NameClaims.addresses($0) },
        FuzzTarget("times", mostBytes: 128, of: ["EndpointModel/Log/Timestamp"]) {
            try TimeClaims.check($0)
        },
        FuzzTarget(
            "admission", mostBytes: 8_192,
            of: ["ReplicaCore/Admission", "ReplicaCore/CommitPlanner", "ReplicaCore/LeaderCore"]
        ) { try AdmissionClaims.check($0) },
        FuzzTarget(
            "follower", mostBytes: 8_192, of: ["ReplicaCore/FollowerCore", "EndpointState/"]
        ) { try FollowerClaims.check($0) },
    ]
}
