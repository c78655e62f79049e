internal import EndpointModel
internal import Glibc

/// Names say which fields they stand for; addresses are those that the system reads.
enum NameClaims {
    static func names(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let identifiers = EndpointIdentifiers(
            node: input.text(), orchestrator: input.text(), endpoint: input.text(),
            workload: input.text(), pod: input.text(), containerID: input.text())
        try parse(identifiers.node)
        let prefix = try? EndpointName.prefix(of: identifiers)
        guard let name = try? EndpointName.derive(from: identifiers) else { return }
        try claim(prefix == name, "a full name \(name) is not its own prefix")
        let read = try mustRead("a derived name") { try EndpointName.parse(name) }
        try claim(read.node == identifiers.node, "the node of \(name)")
        try claim(read.endpoint == identifiers.endpoint, "the endpoint of \(name)")
        let matches = try mustRead("identifiers") { try EndpointName.matches(identifiers, name) }
        try claim(matches, "\(name) is not of its own identifiers")
        let again = try mustRead("identifiers read from a name") {
            try EndpointName.derive(from: read)
        }
        if read.orchestrator == identifiers.orchestrator {
            try claim(again == name, "\(name) reads as \(again)")
        }
    }

    /// Any text may be a name.
    private static func parse(_ text: String) throws {
        guard let read = try? EndpointName.parse(text), !text.contains("libnetwork"),
            let name = try? EndpointName.derive(from: read)
        else { return }
        try claim(name.utf8.elementsEqual(text.utf8), "\(text) reads as \(name)")
    }

    static func addresses(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let text = input.text()
        let address = IPAddress(text)
        try claim(address == system(text), "\(text) is \(address as Any)")
        var spec = WorkloadEndpointSpec()
        spec.ipNetworks = [text]
        spec.mac = input.text()
        spec.ipv6Gateway = text
        spec.ipNATs = [IPNAT(internalIP: text, externalIP: input.text())]
        let endpoint = WorkloadEndpoint(spec: spec)
        try claim(endpoint.validate().count <= 256, "many faults of few fields")
        guard let network = IPNetwork(text) else { return }
        let masked = network.masked
        try claim(masked.masked == masked, "a masked network is masked otherwise")
        try claim(!masked.hasHostBits, "a masked network has host bits")
        try claim(network.isSingleAddress == (network.prefixBitCount == 128), "one address")
    }

    /// As the system's library reads it, in the mapped form.
    private static func system(_ text: String) -> IPAddress? {
        guard !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return IPAddress(ipv4: UInt32(bigEndian: four.s_addr))
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return withUnsafeBytes(of: &six) { raw in
            IPAddress(
                high: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }
}
