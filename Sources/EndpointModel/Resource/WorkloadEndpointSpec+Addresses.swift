/// The rules of a spec's addresses.
extension WorkloadEndpointSpec {
    func addAddressFaults(to faults: inout FaultList) {
        let cover = networkCover(faults: &faults)
        if !ipNATs.isEmpty { addNATFaults(to: &faults, cover: cover) }
        if !ipv4Gateway.isEmpty && IPAddress(ipv4Gateway)?.family != .ipv4 {
            faults.add("spec.ipv4Gateway", ipv4Gateway, "is not an IPv4 address")
        }
        if !ipv6Gateway.isEmpty && IPAddress(ipv6Gateway)?.family != .ipv6 {
            faults.add("spec.ipv6Gateway", ipv6Gateway, "is not an IPv6 address")
        }
        for (index, prefix) in allowSpoofedSourcePrefixes.enumerated()
        where IPNetwork(prefix) == nil {
            faults.add(
                "spec.allowSpoofedSourcePrefixes[\(index)]", prefix, "is not an IP address or CIDR")
        }
    }

    /// Checks the networks and says what they cover; nil when that cannot be known, because one
    /// of them is unreadable. Without NATs nobody asks, and nothing is gathered.
    private func networkCover(faults: inout FaultList) -> NetworkCover? {
        var cover: NetworkCover? = NetworkCover()
        for (index, text) in ipNetworks.enumerated() {
            guard let network = IPNetwork(text) else {
                faults.add("spec.ipNetworks[\(index)]", text, "is not an IP address or CIDR")
                cover = nil
                continue
            }
            if !network.isSingleAddress {
                faults.add(
                    "spec.ipNetworks[\(index)]", text,
                    "covers several addresses: give one, as /32 or /128")
            }
            if !ipNATs.isEmpty { cover?.insert(network) }
        }
        return cover
    }

    private func addNATFaults(to faults: inout FaultList, cover: NetworkCover?) {
        for (index, nat) in ipNATs.enumerated() {
            nat.addFaults(to: &faults, at: { "spec.ipNATs[\(index)]" })
            let address = IPAddress(nat.internalIP)
            if address == nil && !nat.internalIP.isEmpty { continue }
            guard let cover, !(address.map(cover.contains) ?? false) else { continue }
            let shown = nat.internalIP.isEmpty ? "is missing and so" : nat.internalIP
            faults.add(
                "spec.ipNATs[\(index)]", "", "internalIP \(shown) is not in the endpoint's networks"
            )
        }
    }
}

extension IPNAT {
    /// The rules of one mapping alone: two addresses of one family, or none.
    package func addFaults(to faults: inout FaultList, at path: () -> String) {
        let internalAddress = IPAddress(internalIP)
        let externalAddress = IPAddress(externalIP)
        let isInternalBroken = internalAddress == nil && !internalIP.isEmpty
        let isExternalBroken = externalAddress == nil && !externalIP.isEmpty
        if isInternalBroken {
            faults.add("\(path()).internalIP", internalIP, "is not an IP address")
        }
        if isExternalBroken {
            faults.add("\(path()).externalIP", externalIP, "is not an IP address")
        }
        if isInternalBroken || isExternalBroken { return }
        if internalAddress?.family != externalAddress?.family {
            faults.add(
                "\(path()).externalIP", externalIP,
                "is not of the same IP version as internalIP")
        }
    }
}
