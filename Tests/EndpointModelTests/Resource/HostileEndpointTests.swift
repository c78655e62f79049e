import EndpointModel
import Testing

@Suite("Hostile endpoints (G12)")
struct HostileEndpointTests {
    @Test(
        "random bytes in every field are judged without a trap",
        arguments: 1...10 as ClosedRange<UInt64>)
    func noise(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let endpoint = Self.endpoint { random.noise(lengths: 0...24) }
            #expect(!endpoint.validate(for: .update).isEmpty)
        }
    }

    @Test(
        "texts that nearly fit are judged without a trap", arguments: 1...10 as ClosedRange<UInt64>)
    func nearMisses(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            _ = Self.endpoint { random.text(of: "0aF:.-/%_*1", lengths: 0...20) }
                .validate(for: .update)
        }
    }

    @Test("a megabyte in every field is judged in one pass", .timeLimit(.minutes(1)))
    func longFields() {
        for unit in ["a", "-", ".", ":", "1.", "f:", "a/", "0", "é"] {
            let text = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
            let faults = Self.endpoint { text }.validate(for: .update)
            #expect(!faults.isEmpty)
            #expect(faults.allSatisfy { $0.description.utf8.count < 2_000 })
        }
    }

    @Test(
        "a hundred thousand elements are judged in time that grows with them",
        .timeLimit(.minutes(1)))
    func manyElements() {
        var endpoint = EndpointRuleTests.sample()
        endpoint.spec.ports = (0..<100_000).map {
            EndpointPort(name: "p\($0)", transport: .name("TCP"), port: 80)
        }
        endpoint.spec.ipNetworks = (0..<100_000).map {
            "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)"
        }
        endpoint.spec.ipNATs = endpoint.spec.ipNetworks.map {
            IPNAT(internalIP: $0, externalIP: "1.2.3.4")
        }
        #expect(endpoint.validate() == [])
        endpoint.spec.ipNATs.append(IPNAT(internalIP: "11.0.0.1", externalIP: "1.2.3.4"))
        #expect(endpoint.validate().map(\.field) == ["spec.ipNATs[100000]"])
    }

    @Test("the faults of one document are bounded, and say that there were more")
    func boundedFaults() {
        var endpoint = EndpointRuleTests.sample()
        endpoint.spec.profiles = Array(repeating: "NOT VALID", count: 10_000)
        let faults = endpoint.validate()
        #expect(faults.count == FaultList.mostFaults + 1)
        #expect(faults.last?.description == "document: has more faults, not listed here")
    }

    private static func endpoint(_ text: () -> String) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.name = text()
        endpoint.metadata.namespace = text()
        endpoint.metadata.resourceVersion = text()
        endpoint.metadata.labels = [text(): text()]
        endpoint.metadata.annotations = [text(): text()]
        endpoint.spec.orchestrator = text()
        endpoint.spec.workload = text()
        endpoint.spec.node = text()
        endpoint.spec.containerID = text()
        endpoint.spec.pod = text()
        endpoint.spec.endpoint = text()
        endpoint.spec.serviceAccountName = text()
        endpoint.spec.ipNetworks = [text()]
        endpoint.spec.ipNATs = [IPNAT(internalIP: text(), externalIP: text())]
        endpoint.spec.ipv4Gateway = text()
        endpoint.spec.ipv6Gateway = text()
        endpoint.spec.profiles = [text()]
        endpoint.spec.interfaceName = text()
        endpoint.spec.mac = text()
        endpoint.spec.ports = [
            EndpointPort(name: text(), transport: .name(text()), hostIP: text())
        ]
        endpoint.spec.allowSpoofedSourcePrefixes = [text()]
        return endpoint
    }
}
