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
        let segments = try segments(of: identifiers)
        var name = NameBytes()
        for index in segments.indices {
            if segments[index].value.isEmpty { throw missing(segments[index].field) }
            try name.append(segments[index])
        }
        return name.text
    }

    /// What every name of these identifiers begins with: the segments up to the first missing
    /// one and a dash (`node--1-k8s-`), or the full name when none is missing. A prefix finds
    /// too much (`node--1-k8s-pod-` also begins `node--1-k8s-pod--1-eth0`): see `matches`.
    public static func prefix(
        of identifiers: EndpointIdentifiers
    ) throws(FieldFault) -> String {
        let segments = try segments(of: identifiers)
        var name = NameBytes()
        for index in segments.indices {
            if segments[index].value.isEmpty { return name.text + "-" }
            try name.append(segments[index])
        }
        return name.text
    }

    struct Segment {
        var field: StaticString
        var value: String
    }

    /// The segments in the order of the name. What the third one is follows the orchestrator,
    /// compared exactly: `K8S` is not `k8s`.
    static func segments(
        of identifiers: EndpointIdentifiers
    ) throws(FieldFault) -> InlineArray<4, Segment> {
        if identifiers.node.isEmpty { throw missing("spec.node") }
        return [
            Segment(field: "spec.node", value: identifiers.node),
            Segment(field: "spec.orchestrator", value: identifiers.orchestrator),
            workloadSegment(of: identifiers),
            Segment(field: "spec.endpoint", value: identifiers.endpoint),
        ]
    }

    private static func workloadSegment(of identifiers: EndpointIdentifiers) -> Segment {
        switch WorkloadField(orchestrator: identifiers.orchestrator.utf8) {
        case .pod: Segment(field: "spec.pod", value: identifiers.pod)
        case .containerID: Segment(field: "spec.containerID", value: identifiers.containerID)
        case .orchestrator: Segment(field: "spec.orchestrator", value: identifiers.orchestrator)
        case .workload: Segment(field: "spec.workload", value: identifiers.workload)
        }
    }

    /// Which field the third segment holds.
    enum WorkloadField {
        case pod, containerID, orchestrator, workload

        init(orchestrator: some Collection<UInt8>) {
            self =
                if orchestrator.elementsEqual("k8s".utf8) {
                    .pod
                } else if orchestrator.elementsEqual("cni".utf8) {
                    .containerID
                } else if orchestrator.elementsEqual("libnetwork".utf8) {
                    .orchestrator
                } else {
                    .workload
                }
        }
    }

    private static func missing(_ field: StaticString) -> FieldFault {
        FieldFault(field: "\(field)", reason: "is required to derive the endpoint's name")
    }

    /// A name in the making.
    private struct NameBytes {
        private var bytes: [UInt8] = []

        init() { bytes.reserveCapacity(96) }

        var text: String { String(decoding: bytes, as: UTF8.self) }

        mutating func append(_ segment: Segment) throws(FieldFault) {
            let dash = UInt8(ascii: "-")
            let value = segment.value.utf8
            if value.first == dash { throw fault(segment, "must not begin with '-'") }
            if value.last == dash { throw fault(segment, "must not end with '-'") }
            if !bytes.isEmpty { bytes.append(dash) }
            for byte in value {
                bytes.append(byte)
                if byte == dash { bytes.append(dash) }
            }
        }

        private func fault(_ segment: Segment, _ reason: String) -> FieldFault {
            FieldFault(field: "\(segment.field)", offending: segment.value, reason: reason)
        }
    }
}
