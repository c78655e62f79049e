internal import EndpointModel
internal import SyncProtocol

/// What a node says of itself.
struct NodeIdentity: Sendable {
    let role: NodeRole
    /// The address that others are told.
    let advertise: String
    let program: String
    let nodeID: NodeID
}

/// The bounds of serving, each with its reason.
package struct ServingLimits: Sendable {
    /// Beyond it connections are closed as they are accepted: each costs a descriptor.
    package var connections = 16_000
    package var readerThreads = 2

    package init() {}
}
