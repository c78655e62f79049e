/// The fields of an endpoint that its name is made of.
public struct EndpointIdentifiers: Hashable, Sendable {
    public var node: String
    public var orchestrator: String
    public var endpoint: String
    public var workload: String
    public var pod: String
    public var containerID: String

    public init(
        node: String = "", orchestrator: String = "", endpoint: String = "",
        workload: String = "", pod: String = "", containerID: String = ""
    ) {
        self.node = node
        self.orchestrator = orchestrator
        self.endpoint = endpoint
        self.workload = workload
        self.pod = pod
        self.containerID = containerID
    }

    public init(_ spec: WorkloadEndpointSpec) {
        self.init(
            node: spec.node, orchestrator: spec.orchestrator, endpoint: spec.endpoint,
            workload: spec.workload, pod: spec.pod, containerID: spec.containerID)
    }
}

/// The name of an endpoint: four segments joined by `-`, each with its own dashes doubled, so
/// that the name says which fields of the spec it stands for.
///
///     node-1, k8s, my-pod, eth0  →  node--1-k8s-my--pod-eth0
///
/// Faults name the fields of a document (`spec.node`).
public enum EndpointName {
    package static let partCount = 4
    /// Four segments of one byte and three dashes.
    package static let shortestByteCount = 2 * partCount - 1

    /// The full name; the first identifier that is missing or ill-formed is the fault.
    public static func derive(
        from identifiers: EndpointIdentifiers
    ) throws(FieldFault) -> String {
        var name = ""
        for segment in try segments(of: identifiers) {
            if segment.value.isEmpty { throw missing(segment.field) }
            if !name.isEmpty { name += "-" }
            try append(segment, to: &name)
        }
        return name
    }

    /// What every name of these identifiers begins with: the segments up to the first missing
    /// one and a dash (`node--1-k8s-`), or the full name when none is missing. A prefix finds
    /// too much (`node--1-k8s-pod-` also begins `node--1-k8s-pod--1-eth0`): see `matches`.
    public static func prefix(
        of identifiers: EndpointIdentifiers
    ) throws(FieldFault) -> String {
        var name = ""
        for segment in try segments(of: identifiers) {
            if segment.value.isEmpty { return name + "-" }
            if !name.isEmpty { name += "-" }
            try append(segment, to: &name)
        }
        return name
    }

    struct Segment {
        var field: String
        var value: String
    }

    /// The segments in the order of the name. What the third one is follows the orchestrator,
    /// compared exactly: `K8S` is not `k8s`.
    static func segments(
        of identifiers: EndpointIdentifiers
    ) throws(FieldFault) -> [Segment] {
        if identifiers.node.isEmpty { throw missing("spec.node") }
        return [
            Segment(field: "spec.node", value: identifiers.node),
            Segment(field: "spec.orchestrator", value: identifiers.orchestrator),
            workloadSegment(of: identifiers),
            Segment(field: "spec.endpoint", value: identifiers.endpoint),
        ]
    }

    private static func workloadSegment(of identifiers: EndpointIdentifiers) -> Segment {
        switch WorkloadField(orchestrator: identifiers.orchestrator) {
        case .pod: Segment(field: "spec.pod", value: identifiers.pod)
        case .containerID: Segment(field: "spec.containerID", value: identifiers.containerID)
        case .orchestrator: Segment(field: "spec.orchestrator", value: identifiers.orchestrator)
        case .workload: Segment(field: "spec.workload", value: identifiers.workload)
        }
    }

    /// Which field the third segment holds.
    enum WorkloadField {
        case pod, containerID, orchestrator, workload

        init(orchestrator: String) {
            switch orchestrator {
            case "k8s": self = .pod
            case "cni": self = .containerID
            case "libnetwork": self = .orchestrator
            default: self = .workload
            }
        }
    }

    private static func missing(_ field: String) -> FieldFault {
        FieldFault(field: field, reason: "is required to derive the endpoint's name")
    }

    private static func append(
        _ segment: Segment, to name: inout String
    ) throws(FieldFault) {
        let bytes = segment.value.utf8
        if bytes.first == UInt8(ascii: "-") {
            throw FieldFault(
                field: segment.field, offending: segment.value, reason: "must not begin with '-'")
        }
        if bytes.last == UInt8(ascii: "-") {
            throw FieldFault(
                field: segment.field, offending: segment.value, reason: "must not end with '-'")
        }
        if bytes.contains(UInt8(ascii: "-")) {
            for scalar in segment.value.unicodeScalars {
                name.unicodeScalars.append(scalar)
                if scalar == "-" { name.unicodeScalars.append(scalar) }
            }
        } else {
            name += segment.value
        }
    }
}
