package import EndpointModel

/// One field that two versions of an endpoint differ in.
package struct FieldChange: Hashable, Sendable {
    /// JSON path: `spec.ports[0].port`, `metadata.labels[app]`.
    package var path: String
    /// Nil when the field was not there.
    package var old: DocumentValue?
    /// Nil when the field is no longer there.
    package var new: DocumentValue?

    package init(path: String, old: DocumentValue?, new: DocumentValue?) {
        self.path = path
        self.old = old
        self.new = new
    }

    /// What changed between two versions: in the order of the new one's fields, then what is
    /// gone. Lists are compared place by place. Key, uid, resourceVersion and creation time are
    /// left out: they are the history's own columns.
    package static func between(_ old: WorkloadEndpoint?, _ new: WorkloadEndpoint?)
        -> [FieldChange]
    {
        let before = old.map { EndpointFields(of: $0).fields } ?? []
        let after = new.map { EndpointFields(of: $0).fields } ?? []
        let olds = Dictionary(before.map { ($0.path, $0.value) }) { first, _ in first }
        let news = Set(after.map(\.path))
        let changed = after.filter { olds[$0.path] != $0.value }
            .map { FieldChange(path: $0.path, old: olds[$0.path], new: $0.value) }
        let gone = before.filter { !news.contains($0.path) }
            .map { FieldChange(path: $0.path, old: $0.value, new: nil) }
        return changed + gone
    }
}

/// An endpoint as the list of its leaves, each by its JSON path, in the order of the document.
/// What is absent from the document is absent here.
struct EndpointFields {
    struct Field {
        var path: String
        var value: DocumentValue
    }

    private(set) var fields: [Field] = []

    init(of endpoint: WorkloadEndpoint) {
        take(endpoint.metadata)
        take(endpoint.spec)
        add("unknownFields", endpoint.unknownFields)
    }

    private mutating func take(_ metadata: ObjectMetadata) {
        add("metadata.generateName", metadata.generateName)
        add("metadata.labels", metadata.labels)
        add("metadata.annotations", metadata.annotations)
        add("metadata.otherFields", metadata.otherFields)
    }

    private mutating func take(_ spec: WorkloadEndpointSpec) {
        add("spec.orchestrator", spec.orchestrator)
        add("spec.workload", spec.workload)
        add("spec.node", spec.node)
        add("spec.containerID", spec.containerID)
        add("spec.pod", spec.pod)
        add("spec.endpoint", spec.endpoint)
        add("spec.serviceAccountName", spec.serviceAccountName)
        add("spec.ipNetworks", spec.ipNetworks)
        for (index, nat) in spec.ipNATs.enumerated() {
            add("spec.ipNATs[\(index)].internalIP", nat.internalIP)
            add("spec.ipNATs[\(index)].externalIP", nat.externalIP)
        }
        add("spec.ipv4Gateway", spec.ipv4Gateway)
        add("spec.ipv6Gateway", spec.ipv6Gateway)
        add("spec.profiles", spec.profiles)
        add("spec.interfaceName", spec.interfaceName)
        add("spec.mac", spec.mac)
        for (index, port) in spec.ports.enumerated() { take(port, "spec.ports[\(index)]") }
        add("spec.allowSpoofedSourcePrefixes", spec.allowSpoofedSourcePrefixes)
        if let qos = spec.qosControls { take(qos, "spec.qosControls") }
    }

    private mutating func take(_ port: EndpointPort, _ path: String) {
        add("\(path).name", port.name)
        switch port.transport {
        case .number(let number): add("\(path).protocol", Int64(number))
        case .name(let name): add("\(path).protocol", name)
        }
        add("\(path).port", Int64(port.port))
        add("\(path).hostPort", Int64(port.hostPort))
        add("\(path).hostIP", port.hostIP)
    }

    private mutating func take(_ qos: QoSControls, _ path: String) {
        add("\(path).ingressBandwidth", qos.ingressBandwidth)
        add("\(path).egressBandwidth", qos.egressBandwidth)
        add("\(path).ingressBurst", qos.ingressBurst)
        add("\(path).egressBurst", qos.egressBurst)
        add("\(path).ingressPeakrate", qos.ingressPeakrate)
        add("\(path).egressPeakrate", qos.egressPeakrate)
        add("\(path).ingressMinburst", qos.ingressMinburst)
        add("\(path).egressMinburst", qos.egressMinburst)
        add("\(path).ingressPacketRate", qos.ingressPacketRate)
        add("\(path).egressPacketRate", qos.egressPacketRate)
        add("\(path).ingressPacketBurst", qos.ingressPacketBurst)
        add("\(path).egressPacketBurst", qos.egressPacketBurst)
        add("\(path).ingressMaxConnections", qos.ingressMaxConnections)
        add("\(path).egressMaxConnections", qos.egressMaxConnections)
        add("\(path).dscp", qos.dscp)
    }

    // An absent string is empty and an absent number is zero, as in the reference's JSON.

    private mutating func add(_ path: String, _ text: String) {
        if !text.isEmpty { fields.append(Field(path: path, value: .string(text))) }
    }

    private mutating func add(_ path: String, _ number: Int64) {
        if number != 0 { fields.append(Field(path: path, value: .number(String(number)))) }
    }

    /// An element of a list stands for itself even when it is empty.
    private mutating func add(_ path: String, _ texts: [String]) {
        for (index, text) in texts.enumerated() {
            fields.append(Field(path: "\(path)[\(index)]", value: .string(text)))
        }
    }

    private mutating func add(_ path: String, _ map: [String: String]) {
        let sorted = map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, value) in sorted {
            fields.append(Field(path: "\(path)[\(key)]", value: .string(value)))
        }
    }
}
