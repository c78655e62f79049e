internal import EndpointModel

/// The members of a spec, as far as fields hold them.
extension TypedDecoder {
    func spec(_ document: DocumentValue, into spec: inout WorkloadEndpointSpec) -> Leftover {
        object(document) { key, value in
            switch key {
            case "orchestrator": text(value, into: &spec.orchestrator)
            case "workload": text(value, into: &spec.workload)
            case "node": text(value, into: &spec.node)
            case "containerID": text(value, into: &spec.containerID)
            case "pod": text(value, into: &spec.pod)
            case "endpoint": text(value, into: &spec.endpoint)
            case "serviceAccountName": text(value, into: &spec.serviceAccountName)
            case "ipNetworks": texts(value, into: &spec.ipNetworks)
            case "ipNATs": list(value) { self.nat($0, into: &spec.ipNATs) }
            case "ipv4Gateway": text(value, into: &spec.ipv4Gateway)
            case "ipv6Gateway": text(value, into: &spec.ipv6Gateway)
            case "profiles": texts(value, into: &spec.profiles)
            case "interfaceName": text(value, into: &spec.interfaceName)
            case "mac": text(value, into: &spec.mac)
            case "ports": list(value) { self.port($0, into: &spec.ports) }
            case "allowSpoofedSourcePrefixes":
                texts(value, into: &spec.allowSpoofedSourcePrefixes)
            case "qosControls": qosControls(value, into: &spec.qosControls)
            default: unrecognized(value)
            }
        }
    }

    /// Appends one mapping, an empty one where the document has none that can be read: the
    /// elements after it keep their index.
    private func nat(_ document: DocumentValue, into nats: inout [IPNAT]) -> Leftover {
        var nat = IPNAT()
        let leftover = self.nat(document, into: &nat)
        nats.append(nat)
        return leftover
    }

    func nat(_ document: DocumentValue, into nat: inout IPNAT) -> Leftover {
        object(document) { key, value in
            switch key {
            case "internalIP": text(value, into: &nat.internalIP)
            case "externalIP": text(value, into: &nat.externalIP)
            default: unrecognized(value)
            }
        }
    }

    private func port(_ document: DocumentValue, into ports: inout [EndpointPort]) -> Leftover {
        var port = EndpointPort()
        let leftover = self.port(document, into: &port)
        ports.append(port)
        return leftover
    }

    func port(_ document: DocumentValue, into port: inout EndpointPort) -> Leftover {
        object(document) { key, value in
            switch key {
            case "name": text(value, into: &port.name)
            case "protocol": numberOrName(value, into: &port.transport)
            case "port": integer(value, into: &port.port)
            case "hostPort": integer(value, into: &port.hostPort)
            case "hostIP": text(value, into: &port.hostIP)
            default: unrecognized(value)
            }
        }
    }

    private func qosControls(
        _ document: DocumentValue, into controls: inout QoSControls?
    ) -> Leftover {
        guard case .object = document else { return object(document) { _, _ in nil } }
        var read = QoSControls()
        let leftover = object(document) { key, value in
            if key == "dscp" { return dscp(value, into: &read.dscp) }
            guard let field = QoSControls.numbers.first(where: { $0.key == key })?.field else {
                return unrecognized(value)
            }
            return integer(value, into: &read[keyPath: field])
        }
        controls = read
        return leftover
    }

    private func dscp(_ value: DocumentValue, into field: inout String) -> Leftover {
        if value == .null { return nil }
        var read = TransportProtocol.number(0)
        let leftover = numberOrName(value, into: &read)
        if leftover == nil { field = read.shown }
        return leftover
    }
}

extension QoSControls {
    /// The numbers by their JSON keys, in the order of the reference's struct.
    static var numbers: [(key: String, field: WritableKeyPath<QoSControls, Int64>)] {
        [
            ("ingressBandwidth", \.ingressBandwidth),
            ("ingressBurst", \.ingressBurst),
            ("ingressPeakrate", \.ingressPeakrate),
            ("ingressMinburst", \.ingressMinburst),
            ("egressBandwidth", \.egressBandwidth),
            ("egressBurst", \.egressBurst),
            ("egressPeakrate", \.egressPeakrate),
            ("egressMinburst", \.egressMinburst),
            ("ingressPacketRate", \.ingressPacketRate),
            ("ingressPacketBurst", \.ingressPacketBurst),
            ("egressPacketRate", \.egressPacketRate),
            ("egressPacketBurst", \.egressPacketBurst),
            ("ingressMaxConnections", \.ingressMaxConnections),
            ("egressMaxConnections", \.egressMaxConnections),
        ]
    }
}
