/// Field numbers of the schema's `Endpoint`.
enum EndpointField {
    static let labels = 1
    static let orchestrator = 2
    static let workload = 3
    static let node = 4
    static let containerID = 5
    static let pod = 6
    static let endpoint = 7
    static let serviceAccountName = 8
    static let ipNetworks = 9
    static let profiles = 10
    static let interfaceName = 11
    static let mac = 12
    static let ports = 13
    static let ipNATs = 14
    static let ipv4Gateway = 15
    static let ipv6Gateway = 16
    static let allowSpoofedSourcePrefixes = 17
    static let qosControls = 18
    static let annotations = 19
    static let generateName = 20
    static let otherMetadata = 21
    static let unknownFields = 22
}

extension WorkloadEndpoint {
    /// The schema's `Endpoint` in the canonical encoding: everything but namespace, name, uid,
    /// resourceVersion and creationTimestamp, which the item holds.
    public func encodedEndpoint() -> [UInt8] {
        var writer = ProtoWriter(reserving: 512)
        writer.labels(EndpointField.labels, metadata.labels)
        writer.text(EndpointField.orchestrator, spec.orchestrator)
        writer.text(EndpointField.workload, spec.workload)
        writer.text(EndpointField.node, spec.node)
        writer.text(EndpointField.containerID, spec.containerID)
        writer.text(EndpointField.pod, spec.pod)
        writer.text(EndpointField.endpoint, spec.endpoint)
        writer.text(EndpointField.serviceAccountName, spec.serviceAccountName)
        writer.texts(EndpointField.ipNetworks, spec.ipNetworks)
        writer.texts(EndpointField.profiles, spec.profiles)
        writer.text(EndpointField.interfaceName, spec.interfaceName)
        writer.text(EndpointField.mac, spec.mac)
        for port in spec.ports { writer.port(EndpointField.ports, port) }
        for nat in spec.ipNATs {
            writer.message(EndpointField.ipNATs) { inner in
                inner.text(1, nat.internalIP)
                inner.text(2, nat.externalIP)
            }
        }
        writer.text(EndpointField.ipv4Gateway, spec.ipv4Gateway)
        writer.text(EndpointField.ipv6Gateway, spec.ipv6Gateway)
        writer.texts(
            EndpointField.allowSpoofedSourcePrefixes, spec.allowSpoofedSourcePrefixes)
        if let qos = spec.qosControls { writer.qos(EndpointField.qosControls, qos) }
        writer.labels(EndpointField.annotations, metadata.annotations)
        writer.text(EndpointField.generateName, metadata.generateName)
        writer.text(EndpointField.otherMetadata, metadata.otherFields)
        writer.text(EndpointField.unknownFields, unknownFields)
        return writer.bytes
    }

    /// Reads an encoded `Endpoint`, in ascending fields; the item's own fields are left empty.
    package init(encodedEndpoint bytes: [UInt8]) throws(WireError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try Self.decodeEndpoint(ProtoReader(raw, order: .ascending))
            }
        }
        self = try result.get()
    }

    /// Reads an `Endpoint` message; the item's own fields are left empty. Unknown fields are
    /// stepped over.
    package static func decodeEndpoint(_ reader: consuming ProtoReader) throws(WireError)
        -> WorkloadEndpoint
    {
        var result = WorkloadEndpoint()
        var reader = reader
        while let field = try reader.next() {
            try result.take(field, from: &reader)
        }
        return result
    }

    private mutating func take(_ field: ProtoReader.Field, from reader: inout ProtoReader)
        throws(WireError)
    {
        switch field.number {
        case EndpointField.labels:
            let (key, value) = try reader.label(field)
            metadata.labels[key] = value
        case EndpointField.orchestrator: spec.orchestrator = try reader.text(field)
        case EndpointField.workload: spec.workload = try reader.text(field)
        case EndpointField.node: spec.node = try reader.text(field)
        case EndpointField.containerID: spec.containerID = try reader.text(field)
        case EndpointField.pod: spec.pod = try reader.text(field)
        case EndpointField.endpoint: spec.endpoint = try reader.text(field)
        case EndpointField.serviceAccountName:
            spec.serviceAccountName = try reader.text(field)
        case EndpointField.ipNetworks: spec.ipNetworks.append(try reader.element(field))
        case EndpointField.profiles: spec.profiles.append(try reader.element(field))
        case EndpointField.interfaceName: spec.interfaceName = try reader.text(field)
        case EndpointField.mac: spec.mac = try reader.text(field)
        case EndpointField.ports: spec.ports.append(try reader.port(field))
        case EndpointField.ipNATs: spec.ipNATs.append(try reader.nat(field))
        case EndpointField.ipv4Gateway: spec.ipv4Gateway = try reader.text(field)
        case EndpointField.ipv6Gateway: spec.ipv6Gateway = try reader.text(field)
        case EndpointField.allowSpoofedSourcePrefixes:
            spec.allowSpoofedSourcePrefixes.append(try reader.element(field))
        case EndpointField.qosControls: spec.qosControls = try reader.qos(field)
        case EndpointField.annotations:
            let (key, value) = try reader.label(field)
            metadata.annotations[key] = value
        case EndpointField.generateName: metadata.generateName = try reader.text(field)
        case EndpointField.otherMetadata: metadata.otherFields = try reader.text(field)
        case EndpointField.unknownFields: unknownFields = try reader.text(field)
        default: try reader.skip(field)
        }
    }
}

extension QoSControls {
    /// The 14 numbers in the schema's order, fields 1 to 14.
    private static var numbers: [WritableKeyPath<QoSControls, Int64>] {
        [
            \.ingressBandwidth, \.egressBandwidth, \.ingressBurst, \.egressBurst,
            \.ingressPeakrate, \.egressPeakrate, \.ingressMinburst, \.egressMinburst,
            \.ingressPacketRate, \.egressPacketRate, \.ingressPacketBurst, \.egressPacketBurst,
            \.ingressMaxConnections, \.egressMaxConnections,
        ]
    }

    fileprivate func write(to writer: inout ProtoWriter) {
        for (index, path) in Self.numbers.enumerated() {
            writer.signed(index + 1, self[keyPath: path])
        }
        writer.text(15, dscp)
    }

    fileprivate mutating func take(_ field: ProtoReader.Field, from reader: inout ProtoReader)
        throws(WireError)
    {
        if (1...14).contains(field.number) {
            self[keyPath: Self.numbers[field.number - 1]] = Int64(
                bitPattern: try reader.number(field))
        } else if field.number == 15 {
            dscp = try reader.text(field)
        } else {
            try reader.skip(field)
        }
    }
}

extension ProtoWriter {
    fileprivate mutating func texts(_ field: Int, _ values: [String]) {
        for value in values { explicitText(field, value) }
    }

    /// Ascending by the keys' bytes.
    fileprivate mutating func labels(_ field: Int, _ labels: [String: String]) {
        guard !labels.isEmpty else { return }
        let sorted = labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, value) in sorted {
            message(field) { inner in
                inner.text(1, key)
                inner.text(2, value)
            }
        }
    }

    fileprivate mutating func port(_ field: Int, _ port: EndpointPort) {
        message(field) { inner in
            inner.text(1, port.name)
            switch port.transport {
            case .number(let number): inner.number(2, UInt64(number))
            case .name(let name): inner.text(3, name)
            }
            inner.number(4, UInt64(port.port))
            inner.number(5, UInt64(port.hostPort))
            inner.text(6, port.hostIP)
        }
    }

    fileprivate mutating func qos(_ field: Int, _ qos: QoSControls) {
        message(field) { qos.write(to: &$0) }
    }
}

extension ProtoReader {
    /// A `Label` message: key (never empty) and value.
    mutating func label(_ field: Field) throws(WireError) -> (String, String) {
        var inner = nested(try body(field))
        var key = ""
        var value = ""
        while let part = try inner.next() {
            switch part.number {
            case 1: key = try inner.text(part)
            case 2: value = try inner.text(part)
            default: try inner.skip(part)
            }
        }
        return (key, value)
    }

    mutating func port(_ field: Field) throws(WireError) -> EndpointPort {
        var inner = nested(try body(field))
        var port = EndpointPort()
        while let part = try inner.next() {
            switch part.number {
            case 1: port.name = try inner.text(part)
            case 2:
                let number = try inner.number(part, atMost: UInt64(UInt8.max))
                port.transport = .number(UInt8(truncatingIfNeeded: number))
            case 3: port.transport = .name(try inner.text(part))
            case 4: port.port = try inner.portNumber(part)
            case 5: port.hostPort = try inner.portNumber(part)
            case 6: port.hostIP = try inner.text(part)
            default: try inner.skip(part)
            }
        }
        return port
    }

    private mutating func portNumber(_ field: Field) throws(WireError) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(field, atMost: UInt64(UInt16.max)))
    }

    mutating func nat(_ field: Field) throws(WireError) -> IPNAT {
        var inner = nested(try body(field))
        var nat = IPNAT()
        while let part = try inner.next() {
            switch part.number {
            case 1: nat.internalIP = try inner.text(part)
            case 2: nat.externalIP = try inner.text(part)
            default: try inner.skip(part)
            }
        }
        return nat
    }

    mutating func qos(_ field: Field) throws(WireError) -> QoSControls {
        try single(field)
        var inner = nested(try body(field))
        var qos = QoSControls()
        while let part = try inner.next() { try qos.take(part, from: &inner) }
        return qos
    }
}
