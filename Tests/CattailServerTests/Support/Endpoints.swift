import EndpointModel

/// Endpoints that pass every rule, told apart by a number.
enum Sample {
    static func endpoint(
        _ number: Int, labels: [String: String] = [:], node: Int = 1,
        namespace: String = "default", annotation: String = ""
    ) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = namespace
        endpoint.metadata.name = "node\(node)-k8s-pod\(number)-eth0"
        endpoint.metadata.labels = labels
        if !annotation.isEmpty { endpoint.metadata.annotations = ["note": annotation] }
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = "node\(node)"
        endpoint.spec.pod = "pod\(number)"
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali\(number)"
        endpoint.spec.ipNetworks = [
            "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)/32"
        ]
        return endpoint
    }

    static func key(_ number: Int, node: Int = 1, namespace: String = "default") -> EndpointKey {
        endpoint(number, node: node, namespace: namespace).key
    }
}

/// The same numbers for the same seed, on every machine.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
