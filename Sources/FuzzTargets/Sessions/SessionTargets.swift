extension FuzzTarget {
    static let sessionTargets = [
        FuzzTarget(
            "server-session", mostBytes: 8_192,
            of: ["SyncProtocol/Sessions/Server", "SyncProtocol/Sessions/RequestLedger"]
        ) { try ServerSessionClaims.check($0) },
        FuzzTarget(
            "client-session", mostBytes: 8_192,
            of: ["SyncProtocol/Sessions/Client", "SyncProtocol/Sessions/SubscriptionProgress"]
        ) { try ClientSessionClaims.check($0) },
    ]
}
