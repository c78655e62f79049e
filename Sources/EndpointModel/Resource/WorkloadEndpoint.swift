/// Calico's WorkloadEndpoint (v3): the interface between a container or VM and its host.
///
/// Values are held as the user typed them; `validate` judges them and nothing here normalises.
/// An absent string is empty and an absent list is empty, as in the reference's JSON, which
/// omits both.
public struct WorkloadEndpoint: Hashable, Sendable {
    public static let apiVersion = "projectcalico.org/v3"
    public static let kind = "WorkloadEndpoint"
    public static let listKind = "WorkloadEndpointList"

    public var metadata: ObjectMetadata
    public var spec: WorkloadEndpointSpec
    /// What an import found and no field here can hold, as one compact JSON object with the
    /// document's own nesting (`{"spec":{"newField":1}}`). Empty for everything but imports.
    public var unknownFields: String

    public init(
        metadata: ObjectMetadata = ObjectMetadata(),
        spec: WorkloadEndpointSpec = WorkloadEndpointSpec(), unknownFields: String = ""
    ) {
        self.metadata = metadata
        self.spec = spec
        self.unknownFields = unknownFields
    }

    public var key: EndpointKey {
        EndpointKey(namespace: metadata.namespace, name: metadata.name)
    }
}

/// Kubernetes' ObjectMeta, as far as a WorkloadEndpoint uses it.
public struct ObjectMetadata: Hashable, Sendable {
    public var name = ""
    public var generateName = ""
    public var namespace = ""
    /// A UUID in its 36-character form, given by the leader at creation.
    public var uid = ""
    /// The decimal seq of the endpoint's last event.
    public var resourceVersion = ""
    public var creationTimestamp: Timestamp?
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// The members of metadata that Cattail keeps and never reads (selfLink, generation,
    /// deletionTimestamp, deletionGracePeriodSeconds, ownerReferences, finalizers,
    /// managedFields), as one compact JSON object in the order of Kubernetes' struct; or empty.
    public var otherFields = ""

    public init() {}
}

/// What the interface is, whose it is and which addresses it has.
public struct WorkloadEndpointSpec: Hashable, Sendable {
    public var orchestrator = ""
    public var workload = ""
    public var node = ""
    public var containerID = ""
    public var pod = ""
    public var endpoint = ""
    public var serviceAccountName = ""
    public var ipNetworks: [String] = []
    public var ipNATs: [IPNAT] = []
    public var ipv4Gateway = ""
    public var ipv6Gateway = ""
    public var profiles: [String] = []
    public var interfaceName = ""
    public var mac = ""
    public var ports: [EndpointPort] = []
    public var allowSpoofedSourcePrefixes: [String] = []
    public var qosControls: QoSControls?

    public init() {}
}

/// A one-to-one mapping of an address of the endpoint to an external one.
public struct IPNAT: Hashable, Sendable {
    public var internalIP: String
    public var externalIP: String

    public init(internalIP: String = "", externalIP: String = "") {
        self.internalIP = internalIP
        self.externalIP = externalIP
    }
}

/// A named port, for policies that speak of ports by name.
public struct EndpointPort: Hashable, Sendable {
    public var name: String
    public var transport: TransportProtocol
    public var port: UInt16
    public var hostPort: UInt16
    public var hostIP: String

    public init(
        name: String = "", transport: TransportProtocol = .number(0), port: UInt16 = 0,
        hostPort: UInt16 = 0, hostIP: String = ""
    ) {
        self.name = name
        self.transport = transport
        self.port = port
        self.hostPort = hostPort
        self.hostIP = hostIP
    }
}

/// An IP protocol, by number or by name; a missing one is the number 0, which is invalid.
public enum TransportProtocol: Hashable, Sendable {
    case number(UInt8)
    case name(String)
}

/// Limits on an endpoint's traffic, in the order of the reference's struct. Zero is "not set"
/// and is omitted on output. Bandwidths, bursts and peak rates are bits (per second), minbursts
/// bytes.
public struct QoSControls: Hashable, Sendable {
    public var ingressBandwidth: Int64 = 0
    public var ingressBurst: Int64 = 0
    public var ingressPeakrate: Int64 = 0
    public var ingressMinburst: Int64 = 0
    public var egressBandwidth: Int64 = 0
    public var egressBurst: Int64 = 0
    public var egressPeakrate: Int64 = 0
    public var egressMinburst: Int64 = 0
    public var ingressPacketRate: Int64 = 0
    public var ingressPacketBurst: Int64 = 0
    public var egressPacketRate: Int64 = 0
    public var egressPacketBurst: Int64 = 0
    public var ingressMaxConnections: Int64 = 0
    public var egressMaxConnections: Int64 = 0
    /// Differentiated services code point, by number or name (`EF`); empty when absent.
    /// A number is held as its decimal digits.
    public var dscp = ""

    public init() {}
}
