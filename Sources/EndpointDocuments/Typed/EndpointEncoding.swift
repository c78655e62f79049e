package import EndpointModel

extension DocumentValue {
    /// The endpoint as a document, in the reference's order and with its habits: what is empty
    /// is left out, a port's five members and a NAT's two always stand. What an import kept
    /// aside is back where it stood.
    package init(_ endpoint: WorkloadEndpoint) {
        var document = ObjectBuilder()
        document.add("kind", .string(WorkloadEndpoint.kind))
        document.add("apiVersion", .string(WorkloadEndpoint.apiVersion))
        document.add("metadata", DocumentValue(endpoint.metadata))
        document.add("spec", DocumentValue(endpoint.spec))
        self = document.value
        if !endpoint.unknownFields.isEmpty {
            merge(Self.parsed(endpoint.unknownFields, as: "unknownFields"))
        }
    }

    package init(_ metadata: ObjectMetadata) {
        let others =
            metadata.otherFields.isEmpty
            ? .object([]) : Self.parsed(metadata.otherFields, as: "otherFields")
        var object = ObjectBuilder()
        object.add("name", text: metadata.name)
        object.add("generateName", text: metadata.generateName)
        object.add("namespace", text: metadata.namespace)
        object.add("selfLink", others["selfLink"])
        object.add("uid", text: metadata.uid)
        object.add("resourceVersion", text: metadata.resourceVersion)
        object.add("generation", others["generation"])
        object.add("creationTimestamp", text: metadata.creationTimestamp?.description ?? "")
        object.add("deletionTimestamp", others["deletionTimestamp"])
        object.add("deletionGracePeriodSeconds", others["deletionGracePeriodSeconds"])
        object.add("labels", map: metadata.labels)
        object.add("annotations", map: metadata.annotations)
        object.add("ownerReferences", others["ownerReferences"])
        object.add("finalizers", others["finalizers"])
        object.add("managedFields", others["managedFields"])
        self = object.value
        merge(others)
    }

    package init(_ spec: WorkloadEndpointSpec) {
        var object = ObjectBuilder()
        object.add("orchestrator", text: spec.orchestrator)
        object.add("workload", text: spec.workload)
        object.add("node", text: spec.node)
        object.add("containerID", text: spec.containerID)
        object.add("pod", text: spec.pod)
        object.add("endpoint", text: spec.endpoint)
        object.add("serviceAccountName", text: spec.serviceAccountName)
        object.add("ipNetworks", list: spec.ipNetworks.map(DocumentValue.string))
        object.add("ipNATs", list: spec.ipNATs.map { DocumentValue($0) })
        object.add("ipv4Gateway", text: spec.ipv4Gateway)
        object.add("ipv6Gateway", text: spec.ipv6Gateway)
        object.add("profiles", list: spec.profiles.map(DocumentValue.string))
        object.add("interfaceName", text: spec.interfaceName)
        object.add("mac", text: spec.mac)
        object.add("ports", list: spec.ports.map { DocumentValue($0) })
        object.add(
            "allowSpoofedSourcePrefixes",
            list: spec.allowSpoofedSourcePrefixes.map(DocumentValue.string))
        object.add("qosControls", spec.qosControls.map { DocumentValue($0) })
        self = object.value
    }

    package init(_ port: EndpointPort) {
        self = .object([
            Member("name", .string(port.name)),
            Member("protocol", DocumentValue(port.transport)),
            Member("port", .number(String(port.port))),
            Member("hostPort", .number(String(port.hostPort))),
            Member("hostIP", .string(port.hostIP)),
        ])
    }

    package init(_ nat: IPNAT) {
        self = .object([
            Member("internalIP", .string(nat.internalIP)),
            Member("externalIP", .string(nat.externalIP)),
        ])
    }

    package init(_ transport: TransportProtocol) {
        switch transport {
        case .number(let number): self = .number(String(number))
        case .name(let name): self = .string(name)
        }
    }

    package init(_ controls: QoSControls) {
        var object = ObjectBuilder()
        for (key, field) in QoSControls.numbers where controls[keyPath: field] != 0 {
            object.add(key, .number(String(controls[keyPath: field])))
        }
        if let number = UInt8(controls.dscp) {
            object.add("dscp", .number(String(number)))
        } else {
            object.add("dscp", text: controls.dscp)
        }
        self = object.value
    }

    /// The object that a field keeps as text. Text that is no JSON object came past our own
    /// decoder; it is shown under the field's name instead of being lost.
    private static func parsed(_ text: String, as field: String) -> DocumentValue {
        if let value = try? JSONReader.read(text), case .object = value { return value }
        return .object([Member(field, .string(text))])
    }
}

/// Members in the order in which they are added, without the empty ones.
private struct ObjectBuilder {
    private var members: [DocumentValue.Member] = []

    var value: DocumentValue { .object(members) }

    mutating func add(_ key: String, _ value: DocumentValue?) {
        if let value { members.append(.init(key, value)) }
    }

    mutating func add(_ key: String, text: String) {
        if !text.isEmpty { add(key, .string(text)) }
    }

    mutating func add(_ key: String, list: [DocumentValue]) {
        if !list.isEmpty { add(key, .array(list)) }
    }

    /// In the order of the keys' bytes, as the reference sorts its maps.
    mutating func add(_ key: String, map: [String: String]) {
        if map.isEmpty { return }
        let sorted = map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        add(key, .object(sorted.map { .init($0.key, .string($0.value)) }))
    }
}

extension DocumentValue {
    /// Lays another document over this one: objects by member, lists by index, and of anything
    /// else the other's stands. Null leaves what is here, which makes it the placeholder of
    /// lists of leftovers.
    mutating func merge(_ other: DocumentValue) {
        switch (self, other) {
        case (_, .null):
            return
        case (.object(var members), .object(let others)):
            var index: [String: Int] = [:]
            for (position, member) in members.enumerated() { index[member.key] = position }
            for member in others {
                if let position = index[member.key] {
                    members[position].value.merge(member.value)
                } else {
                    index[member.key] = members.count
                    members.append(member)
                }
            }
            self = .object(members)
        case (.array(var elements), .array(let others)):
            for (position, element) in others.enumerated() {
                if position < elements.count {
                    elements[position].merge(element)
                } else {
                    elements.append(element)
                }
            }
            self = .array(elements)
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _):
            self = other
        }
    }
}
