extension EncodedEndpoint {
    /// Whether the endpoint surely keeps every rule of an apply, is named `key.name` by its
    /// identifiers and has its implicit labels: then it is stored as it stands.
    ///
    /// True is proof; false decides nothing. Whoever gets false decodes the endpoint and judges
    /// that, which finds every fault and names it. So the quick way costs a tenth of the full
    /// one and knows no words; what is rare (NATs, QoS, many ports) goes the full way.
    package func keepsRulesAsItStands(under key: EndpointKey) -> Bool {
        guard isWhollyKnown, ObjectMetadata.isNamespace(key.namespace.utf8) else { return false }
        return bytes.withUnsafeBytes { raw in
            var scan = EndpointRuleScan(raw)
            return scan.keepsRules() && scan.isNamed(key)
        }
    }
}

/// Holds the bytes of a canonical endpoint to the rules of its fields, without a decode.
private struct EndpointRuleScan {
    /// As many port names are compared with each other; more go the full way.
    private static let mostPorts = 8

    private let bytes: UnsafeRawBufferPointer
    private var node = 0..<0
    private var orchestrator = 0..<0
    private var endpoint = 0..<0
    private var workload = 0..<0
    private var pod = 0..<0
    private var containerID = 0..<0
    private var namespaceLabel: Range<Int>?
    private var orchestratorLabel: Range<Int>?
    private var hasInterface = false
    private var annotationByteCount = 0
    private var portNames = InlineArray<8, Range<Int>>(repeating: 0..<0)
    private var portCount = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    private func span(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        self[range].assumingMemoryBound(to: UInt8.self)
    }

    // MARK: The name and the implicit labels

    /// Whether the identifiers make `key.name`, and the implicit labels are in place. They have
    /// been found to begin and end with letters or digits, so the name keeps its own rule.
    func isNamed(_ key: EndpointKey) -> Bool {
        guard let namespaceLabel, let orchestratorLabel,
            ByteOrder.equal(self[namespaceLabel], key.namespace),
            ByteOrder.equal(self[orchestratorLabel], self[orchestrator])
        else { return false }
        let third =
            switch EndpointName.WorkloadField(orchestrator: self[orchestrator]) {
            case .pod: pod
            case .containerID: containerID
            case .orchestrator: orchestrator
            case .workload: workload
            }
        let name = key.name.utf8.span
        var offset = 0
        return name.count <= ObjectMetadata.mostNameBytes
            && has(node, at: &offset, in: name) && has(orchestrator, at: &offset, in: name)
            && has(third, at: &offset, in: name) && has(endpoint, at: &offset, in: name)
            && offset == name.count
    }

    /// Whether the name goes on with a dash, unless it begins here, and the segment with its own
    /// dashes doubled.
    private func has(_ segment: Range<Int>, at offset: inout Int, in name: Span<UInt8>) -> Bool {
        if segment.isEmpty { return false }
        let dash = UInt8(ascii: "-")
        if offset > 0 {
            guard offset < name.count, name[offset] == dash else { return false }
            offset += 1
        }
        for byte in self[segment] {
            guard offset < name.count, name[offset] == byte else { return false }
            offset += 1
            guard byte == dash else { continue }
            guard offset < name.count, name[offset] == dash else { return false }
            offset += 1
        }
        return true
    }

    // MARK: The fields

    mutating func keepsRules() -> Bool {
        var reader = ProtoReader(bytes, order: .any)
        do {
            while let field = try reader.next() {
                guard try take(field, from: &reader) else { return false }
            }
        } catch {
            return false
        }
        return hasInterface && annotationByteCount <= ObjectMetadata.mostAnnotationBytes
    }

    private mutating func take(_ field: ProtoReader.Field, from reader: inout ProtoReader)
        throws(WireError) -> Bool
    {
        let body = try reader.body(field)
        switch field.number {
        case EndpointField.labels: return try takeLabel(reader.nested(body))
        case EndpointField.orchestrator:
            orchestrator = body
            return isIdentity(body)
        case EndpointField.workload:
            workload = body
            return isIdentity(body)
        case EndpointField.node:
            node = body
            return isIdentity(body)
        case EndpointField.containerID:
            containerID = body
            return isIdentity(body)
        case EndpointField.pod:
            pod = body
            return isIdentity(body)
        case EndpointField.endpoint:
            endpoint = body
            return isIdentity(body)
        case EndpointField.serviceAccountName, EndpointField.profiles:
            return FieldSyntax.matches(self[body], .subdomain)
        case EndpointField.ipNetworks:
            return IPNetwork(utf8: span(body).span)?.isSingleAddress ?? false
        case EndpointField.interfaceName:
            hasInterface = true
            return FieldSyntax.isInterfaceName(self[body])
        case EndpointField.mac: return MACAddress.isValid(span(body).span)
        case EndpointField.ports: return try takePort(reader.nested(body))
        case EndpointField.ipv4Gateway: return IPAddress.parse(span(body).span)?.family == .ipv4
        case EndpointField.ipv6Gateway: return IPAddress.parse(span(body).span)?.family == .ipv6
        case EndpointField.allowSpoofedSourcePrefixes:
            return IPNetwork(utf8: span(body).span) != nil
        case EndpointField.annotations: return try takeAnnotation(reader.nested(body))
        case EndpointField.generateName, EndpointField.otherMetadata,
            EndpointField.unknownFields:
            // Any text.
            return true
        default: return false
        }
    }

    private func isIdentity(_ body: Range<Int>) -> Bool {
        FieldSyntax.matches(self[body], .identity)
    }

    /// A label's or an annotation's key and value; the scan that found the bytes canonical has
    /// found the key.
    private func parts(_ reader: consuming ProtoReader) throws(WireError)
        -> (key: Range<Int>, value: Range<Int>)
    {
        var reader = reader
        var key = 0..<0
        var value = 0..<0
        while let part = try reader.next() {
            let body = try reader.body(part)
            if part.number == 1 { key = body } else { value = body }
        }
        return (key, value)
    }

    private mutating func takeLabel(_ reader: consuming ProtoReader) throws(WireError) -> Bool {
        let (key, value) = try parts(reader)
        if ByteOrder.equal(self[key], WorkloadEndpoint.namespaceLabel) { namespaceLabel = value }
        if ByteOrder.equal(self[key], WorkloadEndpoint.orchestratorLabel) {
            orchestratorLabel = value
        }
        return QualifiedName.brokenRule(self[key], prefix: .subdomain) == nil
            && ObjectMetadata.brokenValueRule(self[value]) == nil
    }

    private mutating func takeAnnotation(_ reader: consuming ProtoReader) throws(WireError) -> Bool
    {
        let (key, value) = try parts(reader)
        annotationByteCount += key.count + value.count
        return QualifiedName.brokenRule(self[key], prefix: .subdomainAnyCase) == nil
    }

    /// A port with a name of its own, one of the protocols that have ports, and no host IP.
    private mutating func takePort(_ reader: consuming ProtoReader) throws(WireError) -> Bool {
        var reader = reader
        var name = 0..<0
        var hasPorts = false
        var port: UInt64 = 0
        while let part = try reader.next() {
            switch part.number {
            case 1: name = try reader.body(part)
            case 2: hasPorts = Self.hasPorts(try reader.number(part))
            case 3: hasPorts = Self.hasPorts(self[try reader.body(part)])
            case 4: port = try reader.number(part)
            case 5: _ = try reader.number(part)
            default: return false
            }
        }
        return hasPorts && port > 0 && FieldSyntax.isPortName(self[name]) && isNew(name)
    }

    private static func hasPorts(_ transport: UInt64) -> Bool {
        transport == 6 || transport == 17 || transport == 132
    }

    private static func hasPorts(_ transport: UnsafeRawBufferPointer) -> Bool {
        transport.elementsEqual("TCP".utf8) || transport.elementsEqual("UDP".utf8)
            || transport.elementsEqual("SCTP".utf8)
    }

    private mutating func isNew(_ name: Range<Int>) -> Bool {
        guard portCount < Self.mostPorts else { return false }
        for index in 0..<portCount where ByteOrder.equal(self[portNames[index]], self[name]) {
            return false
        }
        portNames[portCount] = name
        portCount += 1
        return true
    }
}
