/// The rules of a spec's fields, each alone. An empty field is absent, and only the interface's
/// name may not be. Names and their derivation: `WorkloadEndpoint+Validation`.
extension WorkloadEndpointSpec {
    package func addFaults(to faults: inout FaultList) {
        addIdentityFaults(to: &faults)
        addAddressFaults(to: &faults)
        addInterfaceFaults(to: &faults)
        addPortFaults(to: &faults)
    }

    private func addIdentityFaults(to faults: inout FaultList) {
        Self.check(orchestrator, "spec.orchestrator", .identity, &faults)
        Self.check(workload, "spec.workload", .identity, &faults)
        Self.check(node, "spec.node", .identity, &faults)
        Self.check(containerID, "spec.containerID", .identity, &faults)
        Self.check(pod, "spec.pod", .identity, &faults)
        Self.check(endpoint, "spec.endpoint", .identity, &faults)
        Self.check(serviceAccountName, "spec.serviceAccountName", .subdomain, &faults)
        for (index, profile) in profiles.enumerated()
        where !FieldSyntax.matches(profile.utf8, .subdomain) {
            faults.add("spec.profiles[\(index)]", profile, NameRule.subdomain)
        }
    }

    private static func check(
        _ value: String, _ field: StaticString, _ alphabet: FieldSyntax.Alphabet,
        _ faults: inout FaultList
    ) {
        if value.isEmpty || FieldSyntax.matches(value.utf8, alphabet) { return }
        let rule = alphabet == .identity ? NameRule.identity : NameRule.subdomain
        faults.add("\(field)", value, rule)
    }

    private func addInterfaceFaults(to faults: inout FaultList) {
        if !FieldSyntax.isInterfaceName(interfaceName.utf8) {
            let reason =
                interfaceName.isEmpty
                ? "is required: '*' or the interface's name on the host"
                : "is not '*' or 1 to 15 letters, digits, '_', '.' or '-'"
            faults.add("spec.interfaceName", interfaceName, reason)
        }
        if !mac.isEmpty && !MACAddress.isValid(mac.utf8.span) {
            faults.add("spec.mac", mac, "is not a MAC address of 6, 8 or 20 octets")
        }
    }

    private func addPortFaults(to faults: inout FaultList) {
        for (index, port) in ports.enumerated() {
            port.addFaults(to: &faults, at: { "spec.ports[\(index)]" })
        }
        if ports.count > 1 { addPortNameFaults(to: &faults) }
    }

    /// A name is the way policies speak of a port, so it must mean one.
    private func addPortNameFaults(to faults: inout FaultList) {
        var firstUse: [String: Int] = [:]
        for (index, port) in ports.enumerated() where FieldSyntax.isPortName(port.name.utf8) {
            guard let first = firstUse[port.name] else {
                firstUse[port.name] = index
                continue
            }
            faults.add(
                "spec.ports[\(index)]", "",
                "has the name \(port.name) of spec.ports[\(first)]: port names are unique")
        }
    }
}

/// What a name may be, in the words of a fault.
enum NameRule {
    static let identity =
        "is not letters, digits, '_', '-' and '.', each part between dots beginning and ending "
        + "with a letter or digit"
    static let subdomain =
        "is not lower-case letters, digits, '-' and '.', each part between dots beginning and "
        + "ending with a letter or digit"
}

extension EndpointPort {
    /// The rules of one port alone.
    package func addFaults(to faults: inout FaultList, at path: () -> String) {
        if name.isEmpty {
            if hostPort == 0 {
                faults.add("\(path()).name", "", "is required unless hostPort is given")
            }
        } else if !FieldSyntax.isPortName(name.utf8) {
            faults.add(
                "\(path()).name", name,
                "is not 1 to 15 lower-case letters, digits and single inner dashes with a letter")
        }
        if let rule = transport.brokenRule ?? transport.brokenPortRule {
            faults.add("\(path()).protocol", transport.shown, rule)
        }
        if port == 0 { faults.add("\(path()).port", "0", "is not in 1-65535") }
        if !hostIP.isEmpty {
            let network = IPNetwork(hostIP)
            if network == nil {
                faults.add("\(path()).hostIP", hostIP, "is not an IP address or CIDR")
            } else if network?.hasHostBits == true {
                faults.add("\(path()).hostIP", hostIP, "has bits set beyond its prefix length")
            }
        }
    }
}

extension TransportProtocol {
    package static let names = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"]

    /// Why this is no protocol; nil when it is one.
    package var brokenRule: String? {
        switch self {
        case .number(0): "is not a protocol: give 1-255 or \(Self.names.joined(separator: ", "))"
        case .number: nil
        case .name(let name):
            Self.names.contains(name)
                ? nil
                : "is not a protocol: give 1-255 or \(Self.names.joined(separator: ", ")), "
                    + "in this case"
        }
    }

    /// Why this protocol cannot have ports; nil when it can.
    package var brokenPortRule: String? {
        switch self {
        case .number(6), .number(17), .number(132), .name("TCP"), .name("UDP"), .name("SCTP"):
            nil
        case .number, .name: "is a protocol without ports: give TCP, UDP or SCTP"
        }
    }

    /// As a document writes it.
    package var shown: String {
        switch self {
        case .number(let number): String(number)
        case .name(let name): name
        }
    }
}
