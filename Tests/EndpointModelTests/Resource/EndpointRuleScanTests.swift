import EndpointModel
import Testing

/// The quick judge of encoded endpoints may say no to anything and yes only to what the full one
/// finds without fault.
@Suite("Rules judged on encoded bytes")
struct EndpointRuleScanTests {
    static func sample() -> WorkloadEndpoint {
        var endpoint = EndpointRuleTests.sample()
        endpoint.metadata.labels["k8s.example.org/tier"] = ""
        endpoint.metadata.annotations = ["Example.org/note": "any text, even é"]
        endpoint.metadata.generateName = "any text"
        endpoint.spec.serviceAccountName = "default"
        endpoint.spec.profiles = ["kns.default", "ksa.default.default"]
        endpoint.spec.containerID = "0123ab"
        endpoint.spec.workload = "some.workload"
        endpoint.spec.mac = "ee:ee:ee:ee:ee:ee"
        endpoint.spec.ipNetworks = ["10.0.0.1/32", "fd00::1/128", "10.0.0.2"]
        endpoint.spec.ipv4Gateway = "169.254.1.1"
        endpoint.spec.ipv6Gateway = "fe80::1"
        endpoint.spec.allowSpoofedSourcePrefixes = ["10.1.0.0/16"]
        endpoint.spec.ports = [
            EndpointPort(name: "http", transport: .name("TCP"), port: 80, hostPort: 8080),
            EndpointPort(name: "dns", transport: .number(17), port: 53),
        ]
        endpoint.setImplicitLabels()
        return endpoint
    }

    private func isQuick(_ endpoint: WorkloadEndpoint) throws -> Bool {
        try EncodedEndpoint(validating: endpoint.encodedEndpoint())
            .keepsRulesAsItStands(under: endpoint.key)
    }

    @Test("an endpoint with every common field goes the quick way")
    func common() throws {
        #expect(Self.sample().validate(for: .apply) == [])
        #expect(try isQuick(Self.sample()))
    }

    /// One change each, which breaks a rule or asks for what only the full way does.
    private static let changes: [(String, @Sendable (inout WorkloadEndpoint) -> Void)] = [
        ("name", { $0.metadata.name += "x" }),
        ("no name", { $0.metadata.name = "" }),
        ("single dash", { $0.metadata.name = "node-1-k8s-my--pod-eth0" }),
        ("name cut off", { $0.metadata.name.removeLast() }),
        ("namespace", { $0.metadata.namespace = "Default" }),
        ("namespace of another label", { $0.metadata.namespace = "other" }),
        ("long namespace", { $0.metadata.namespace = String(repeating: "n", count: 64) }),
        ("orchestrator's label", { $0.metadata.labels[WorkloadEndpoint.orchestratorLabel] = "x" }),
        ("no namespace label", { $0.metadata.labels[WorkloadEndpoint.namespaceLabel] = nil }),
        ("label key", { $0.metadata.labels["-a"] = "x" }),
        ("label prefix", { $0.metadata.labels["A.b/c"] = "x" }),
        ("label value", { $0.metadata.labels["a"] = "x-" }),
        ("long label value", { $0.metadata.labels["a"] = String(repeating: "x", count: 64) }),
        ("annotation key", { $0.metadata.annotations["a/b/c"] = "x" }),
        ("annotations", { $0.metadata.annotations["a"] = String(repeating: "x", count: 262_144) }),
        ("node", { $0.spec.node = "node_" }),
        ("another pod", { $0.spec.pod = "pod" }),
        ("another orchestrator", { $0.spec.orchestrator = "cni" }),
        ("no endpoint", { $0.spec.endpoint = "" }),
        ("workload", { $0.spec.workload = "a..b" }),
        ("container", { $0.spec.containerID = "é" }),
        ("account", { $0.spec.serviceAccountName = "Default" }),
        ("profile", { $0.spec.profiles.append("") }),
        ("network", { $0.spec.ipNetworks.append("10.0.0.0/24") }),
        ("no address", { $0.spec.ipNetworks.append("10.0.0") }),
        ("interface", { $0.spec.interfaceName = "a/b" }),
        ("no interface", { $0.spec.interfaceName = "" }),
        ("mac", { $0.spec.mac = "ee:ee:ee:ee:ee" }),
        ("gateway", { $0.spec.ipv4Gateway = "fe80::1" }),
        ("other gateway", { $0.spec.ipv6Gateway = "10.0.0.1" }),
        ("prefix", { $0.spec.allowSpoofedSourcePrefixes = ["10.0.0.1/33"] }),
        ("port", { $0.spec.ports[0].port = 0 }),
        ("port name", { $0.spec.ports[0].name = "8080" }),
        ("port without name", { $0.spec.ports[0].name = "" }),
        ("port name twice", { $0.spec.ports[1].name = "http" }),
        ("transport", { $0.spec.ports[0].transport = .name("ICMP") }),
        ("transport number", { $0.spec.ports[0].transport = .number(1) }),
        ("host IP", { $0.spec.ports[0].hostIP = "1.2.3.4" }),
        ("NAT", { $0.spec.ipNATs = [IPNAT(internalIP: "10.0.0.1", externalIP: "1.2.3.4")] }),
        ("QoS", { $0.spec.qosControls = QoSControls() }),
        (
            "many ports",
            {
                $0.spec.ports = (0..<9).map {
                    EndpointPort(name: "p\($0)", transport: .name("TCP"), port: 80)
                }
            }
        ),
    ]

    @Test("what breaks a rule or is rare does not", arguments: changes.indices)
    func rare(index: Int) throws {
        let (name, change) = Self.changes[index]
        var endpoint = Self.sample()
        change(&endpoint)
        #expect(try !isQuick(endpoint), "\(name)")
    }

    @Test("yes is proof: whatever goes the quick way has no fault", arguments: 1...8)
    func proof(seed: Int) throws {
        var random = SplitMix(seed: UInt64(seed))
        var quick = 0
        for _ in 0..<4_000 {
            var bytes = Self.sample().encodedEndpoint()
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    Array("aZ9-_./:*\u{0}\u{3}".utf8).randomElement(using: &random) ?? 0
            }
            guard let encoded = try? EncodedEndpoint(validating: bytes),
                encoded.keepsRulesAsItStands(under: Self.sample().key)
            else { continue }
            quick += 1
            var decoded = try WorkloadEndpoint(encodedEndpoint: bytes)
            decoded.metadata.namespace = "default"
            decoded.metadata.name = Self.sample().key.name
            #expect(decoded.validate(for: .apply) == [])
            #expect(try decoded.prepared(for: .apply).encodedEndpoint() == bytes)
        }
        // Neither all nor none of them.
        #expect((100..<3_900).contains(quick), "\(quick) went the quick way")
    }

    @Test(
        "each way of naming the workload is known",
        arguments: ["cni", "libnetwork", "other", "k8s"]
    )
    func orchestrators(orchestrator: String) throws {
        var endpoint = Self.sample()
        endpoint.spec.orchestrator = orchestrator
        endpoint.metadata.name = ""
        endpoint = try endpoint.prepared(for: .apply)
        #expect(try isQuick(endpoint))
    }
}
