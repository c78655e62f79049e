import EndpointModel
import Testing

@Suite("The rules of a whole endpoint")
struct EndpointRuleTests {
    static func sample() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.name = "node--1-k8s-my--pod-eth0"
        endpoint.metadata.namespace = "default"
        endpoint.metadata.labels = ["app": "frontend"]
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = "node-1"
        endpoint.spec.pod = "my-pod"
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.interfaceName = "cali0"
        endpoint.spec.ipNetworks = ["10.0.0.1/32"]
        endpoint.spec.ports = [EndpointPort(name: "http", transport: .name("TCP"), port: 80)]
        return endpoint
    }

    private func fields(_ endpoint: WorkloadEndpoint, _ write: EndpointWrite = .apply) -> [String] {
        endpoint.validate(for: write).map(\.field)
    }

    @Test("a valid endpoint has no fault")
    func valid() {
        #expect(Self.sample().validate() == [])
    }

    @Test("faults of the name, the fields and the namespace come all at once")
    func allAtOnce() {
        var endpoint = Self.sample()
        endpoint.metadata.name = "other"
        endpoint.metadata.namespace = "no/slash"
        endpoint.metadata.labels["bad key"] = "bad value"
        endpoint.spec.mac = "zz"
        endpoint.spec.ipNetworks = ["10.0.0.1/32", "10.0.0.256"]
        endpoint.spec.ports.append(EndpointPort(name: "http", transport: .number(17), port: 0))
        endpoint.metadata.resourceVersion = "7"
        #expect(
            fields(endpoint, .create) == [
                "metadata.name", "metadata.labels[bad key]", "metadata.labels[bad key]",
                "spec.ipNetworks[1]", "spec.mac", "spec.ports[1].port", "spec.ports[1]",
                "metadata.namespace", "metadata.resourceVersion",
            ])
    }

    @Test("a fault reads as path, value and rule")
    func wording() {
        var endpoint = Self.sample()
        endpoint.spec.ipNetworks = ["10.0.0.300"]
        #expect(
            endpoint.validate().map(\.description)
                == ["spec.ipNetworks[0]: 10.0.0.300 is not an IP address or CIDR"])
    }

    @Test("an identifier that the name's derivation refuses is reported once")
    func judgedOnce() {
        var endpoint = Self.sample()
        endpoint.spec.node = "-a"
        #expect(fields(endpoint) == ["spec.node"])
    }

    @Test(
        "a namespace is a DNS label",
        arguments: [
            ("a", true), ("a-b-1", true), (String(repeating: "a", count: 63), true), ("", false),
            (String(repeating: "a", count: 64), false), ("a/b", false), ("a.b", false),
            ("A", false), ("-a", false), ("a-", false), ("a_b", false), ("é", false),
        ])
    func namespaces(namespace: String, isValid: Bool) {
        var endpoint = Self.sample()
        endpoint.metadata.namespace = namespace
        #expect(fields(endpoint) == (isValid ? [] : ["metadata.namespace"]))
    }

    @Test("a derived name longer than 253 bytes is refused")
    func longDerivedName() {
        var endpoint = Self.sample()
        endpoint.metadata.name = ""
        endpoint.spec.pod = String(repeating: "a", count: 300)
        #expect(fields(endpoint) == ["metadata.name"])
    }

    @Test("annotations are bounded together, whatever their values are")
    func annotationSize() {
        var endpoint = Self.sample()
        endpoint.metadata.annotations = ["K.io/A": String(repeating: "\u{0}", count: 262_138)]
        #expect(fields(endpoint) == [])
        endpoint.metadata.annotations["b"] = ""
        #expect(fields(endpoint) == ["metadata.annotations"])
    }

    @Test("a NAT must lie in a network, and is not judged while a network is unreadable")
    func natCover() {
        var endpoint = Self.sample()
        endpoint.spec.ipNATs = [IPNAT(internalIP: "10.0.0.2", externalIP: "1.2.3.4")]
        #expect(fields(endpoint) == ["spec.ipNATs[0]"])
        endpoint.spec.ipNetworks = ["10.0.0.0/30"]
        #expect(fields(endpoint) == ["spec.ipNetworks[0]"])
        endpoint.spec.ipNetworks = ["10.0.0.1/30"]
        #expect(fields(endpoint) == ["spec.ipNetworks[0]"])
        endpoint.spec.ipNetworks = ["::ffff:10.0.0.2"]
        #expect(fields(endpoint) == [])
        endpoint.spec.ipNetworks = ["10.0.0.2/33"]
        #expect(fields(endpoint) == ["spec.ipNetworks[0]"])
        endpoint.spec.ipNATs = [IPNAT()]
        endpoint.spec.ipNetworks = ["10.0.0.2"]
        #expect(fields(endpoint) == ["spec.ipNATs[0]"])
    }

    @Test(
        "a MAC address is what Go's net.ParseMAC reads",
        arguments: [
            ("ca:fe:1d:52:bb:e9", true), ("CA-FE-1D-52-BB-E9", true), ("cafe.1d52.bbe9", true),
            ("cafe1d52bbe9", true), ("ca:fe:1d:52:bb", false), ("ca:fe:1d:52:bb:e", false),
            ("ca:fe:1d:52:bb:e9:", false), ("c:fe:1d:52:bb:e9:0", false), ("cafe.1d52-bbe9", false),
            ("cafe1d52bbe", false), ("cafe1d52bbe9ab", false), ("caf:1d52:bbe9:", false),
            ("ca:fe:1d:52:bb:e9\n", false), ("éé:fe:1d:52:bb:e9", false),
            ("cafe.1d52.bbe9.", false),
        ])
    func macs(mac: String, isValid: Bool) {
        var endpoint = Self.sample()
        endpoint.spec.mac = mac
        #expect(fields(endpoint) == (isValid ? [] : ["spec.mac"]))
    }
}

@Suite("What a write asks, and what is stored")
struct EndpointWriteTests {
    private let sample = EndpointRuleTests.sample()

    @Test("an empty name is derived, implicit labels are set, the caller's value is untouched")
    func prepared() throws {
        var given = sample
        given.metadata.name = ""
        given.metadata.labels[WorkloadEndpoint.namespaceLabel] = "other"
        let before = given
        let stored = try given.prepared(for: .create)
        #expect(given == before)
        #expect(stored.metadata.name == sample.metadata.name)
        #expect(
            stored.metadata.labels == [
                "app": "frontend", "projectcalico.org/namespace": "default",
                "projectcalico.org/orchestrator": "k8s",
            ])
        #expect(stored.spec == given.spec)
    }

    @Test("preparing twice changes nothing more")
    func idempotent() throws {
        let once = try sample.prepared(for: .apply)
        #expect(try once.prepared(for: .apply) == once)
    }

    @Test("an invalid endpoint is refused with all its faults")
    func refused() {
        var given = sample
        given.spec.mac = "zz"
        given.metadata.namespace = ""
        #expect(throws: InvalidEndpoint(faults: given.validate())) {
            try given.prepared(for: .create)
        }
        #expect(given.validate().map(\.field) == ["spec.mac", "metadata.namespace"])
    }

    @Test("a create has no resourceVersion")
    func create() {
        var given = sample
        #expect(given.validate(for: .create) == [])
        given.metadata.resourceVersion = "1"
        #expect(given.validate(for: .create).map(\.field) == ["metadata.resourceVersion"])
        #expect(given.validate(for: .apply) == [])
    }

    @Test("an update needs resourceVersion, then creationTimestamp, then uid")
    func update() {
        var given = sample
        #expect(given.validate(for: .update).map(\.field) == ["metadata.resourceVersion"])
        given.metadata.resourceVersion = "12"
        #expect(given.validate(for: .update).map(\.field) == ["metadata.creationTimestamp"])
        given.metadata.creationTimestamp = Timestamp(seconds: 1)
        #expect(given.validate(for: .update).map(\.field) == ["metadata.uid"])
        given.metadata.uid = "a26e5a53-7f44-4e65-9821-8885b271d45f"
        #expect(given.validate(for: .update) == [])
    }

    @Test(
        "a resourceVersion is a decimal number",
        arguments: ["x", "-1", "+1", "1.0", " 1", "0x1", "18446744073709551616", "٣"])
    func numericVersion(version: String) {
        var given = sample
        given.metadata.resourceVersion = version
        #expect(given.validate(for: .apply).map(\.field) == ["metadata.resourceVersion"])
    }
}
