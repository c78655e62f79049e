/// The reference names faults by its Go structs; documents and people by JSON paths. List
/// indexes and map keys are left out on both sides, as the reference gives them only sometimes.
enum GoFieldNames {
    static func jsonPaths(_ goNames: [String], kind: String) -> Set<String> {
        Set(goNames.map { jsonPath($0, kind: kind) })
    }

    private static func jsonPath(_ goName: String, kind: String) -> String {
        let name = withoutBrackets(goName)
        if name == "Name" && kind == "wep" { return "metadata.name" }
        if name == "Protocol" && kind == "protocol" { return "protocol" }
        return table[name] ?? "no JSON path for \(goName)"
    }

    private static let table = [
        "Metadata.Name": "metadata.name",
        "Metadata.Namespace": "metadata.namespace",
        "Metadata.ResourceVersion": "metadata.resourceVersion",
        "Metadata.Labels (label)": "metadata.labels",
        "Metadata.Labels (value)": "metadata.labels",
        "Metadata.Annotations (key)": "metadata.annotations",
        "Orchestrator": "spec.orchestrator",
        "orchestrator": "spec.orchestrator",
        "Workload": "spec.workload",
        "workload": "spec.workload",
        "Node": "spec.node",
        "node": "spec.node",
        "ContainerID": "spec.containerID",
        "containerID": "spec.containerID",
        "Pod": "spec.pod",
        "pod": "spec.pod",
        "Endpoint": "spec.endpoint",
        "endpoint": "spec.endpoint",
        "ServiceAccountName": "spec.serviceAccountName",
        "IPNetworks": "spec.ipNetworks",
        "IPNATs": "spec.ipNATs",
        "InternalIP": "spec.ipNATs.internalIP",
        "ExternalIP": "spec.ipNATs.externalIP",
        "IPv4Gateway": "spec.ipv4Gateway",
        "IPv6Gateway": "spec.ipv6Gateway",
        "Profiles": "spec.profiles",
        "InterfaceName": "spec.interfaceName",
        "MAC": "spec.mac",
        "Ports": "spec.ports",
        "Name": "spec.ports.name",
        "WorkloadEndpointPort.Name": "spec.ports.name",
        "Protocol": "spec.ports.protocol",
        "WorkloadEndpointPort.Protocol": "spec.ports.protocol",
        "Port": "spec.ports.port",
        "HostIP": "spec.ports.hostIP",
        "AllowSpoofedSourcePrefixes": "spec.allowSpoofedSourcePrefixes",
    ]

    /// `spec.ports[1].port` → `spec.ports.port`
    static func withoutBrackets(_ path: String) -> String {
        var result = ""
        var depth = 0
        for character in path {
            if character == "[" { depth += 1 }
            if depth == 0 { result.append(character) }
            if character == "]" { depth = max(0, depth - 1) }
        }
        return result
    }
}
