internal import EndpointModel
internal import SyncProtocol

extension FuzzTarget {
    private static let proto = ["EndpointModel/Wire/ProtoReader", "EndpointModel/Wire/UTF8Text"]

    static let wireTargets = [
        FuzzTarget("frames", mostBytes: 32 << 10, of: ["SyncProtocol/Frames/"]) {
            try FrameClaims.check($0)
        },
        FuzzTarget("inflate", of: ["SyncProtocol/Frames/Inflater", "SyncProtocol/Frames/Deflater"])
        {
            try InflateClaims.check($0)
        },
        FuzzTarget("client-messages", of: ["SyncProtocol/Messages/"] + proto) {
            try MessageClaims.client($0)
        },
        FuzzTarget("server-messages", of: ["SyncProtocol/Messages/"] + proto) {
            try MessageClaims.server($0)
        },
        FuzzTarget("items", of: ["EndpointModel/Wire/"]) { try ItemClaims.items($0) },
        FuzzTarget("records", of: ["EndpointModel/Wire/"]) { try ItemClaims.records($0) },
        FuzzTarget(
            "endpoints",
            of: ["EndpointModel/Wire/Endpoint", "EndpointModel/Resource/"]
        ) { try EndpointClaims.check($0) },
        FuzzTarget(
            "patches",
            of: ["SyncProtocol/Messages/Patch", "EndpointModel/Wire/EncodedItem+Patching"]
        ) { try PatchClaims.check($0) },
    ]
}
