extension FuzzTarget {
    static let documentTargets = [
        FuzzTarget(
            "json",
            of: [
                "EndpointDocuments/Text/JSON", "EndpointDocuments/Text/CompactJSON",
                "EndpointDocuments/Text/MemberCollector",
            ]
        ) { try DocumentClaims.json($0) },
        FuzzTarget("yaml", of: ["EndpointDocuments/Text/YAML"]) { try DocumentClaims.yaml($0) },
        FuzzTarget(
            "documents", mostBytes: 8_192,
            of: [
                "EndpointDocuments/Stream/", "EndpointDocuments/Typed/",
                "EndpointDocuments/Import/",
            ]
        ) { try StreamClaims.check($0) },
        FuzzTarget(
            "rights", of: ["EndpointDocuments/Typed/RightsDocument", "EndpointModel/Rights/"]
        ) { try RightsClaims.check($0) },
    ]
}
