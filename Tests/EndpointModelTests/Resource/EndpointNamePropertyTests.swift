import EndpointModel
import Testing

@Suite("Endpoint names over random identifiers")
struct EndpointNamePropertyTests {
    private static let orchestrators = ["k8s", "cni", "libnetwork", "openstack", "foo-orch", "K8S"]

    @Test(
        "a derived name parses back to the identifiers it was made of",
        arguments: 1...20 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let identifiers = Self.identifiers(&random)
            let name = try EndpointName.derive(from: identifiers)
            let parsed = try EndpointName.parse(name)
            #expect(parsed == Self.relevant(identifiers), "seed \(seed): \(name)")
            #expect(try EndpointName.derive(from: parsed) == name, "seed \(seed): \(name)")
            #expect(try EndpointName.matches(identifiers, name), "seed \(seed): \(name)")
        }
    }

    @Test(
        "every prefix of the identifiers gives a prefix of the name, and matches it",
        arguments: 1...5 as ClosedRange<UInt64>)
    func prefixes(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            var identifiers = Self.identifiers(&random)
            let name = try EndpointName.derive(from: identifiers)
            identifiers.endpoint = ""
            let prefix = try EndpointName.prefix(of: identifiers)
            #expect(name.hasPrefix(prefix), "seed \(seed): \(name)")
            #expect(try EndpointName.matches(identifiers, name), "seed \(seed): \(name)")
            identifiers.pod = ""
            identifiers.workload = ""
            identifiers.containerID = ""
            let shorter = try EndpointName.prefix(of: identifiers)
            #expect(name.hasPrefix(shorter), "seed \(seed): \(name)")
        }
    }

    @Test("different identifiers never share a name")
    func injective() throws {
        let values = ["a", "a-a", "a--a", "a-a-a", "a--a-a", "aa"]
        var owners: [String: EndpointIdentifiers] = [:]
        for node in values {
            for pod in values {
                for endpoint in values {
                    let identifiers = EndpointIdentifiers(
                        node: node, orchestrator: "k8s", endpoint: endpoint, pod: pod)
                    let name = try EndpointName.derive(from: identifiers)
                    #expect(owners.updateValue(identifiers, forKey: name) == nil, "\(name)")
                }
            }
        }
    }

    @Test("any text parses or is refused, and never traps (G12)")
    func hostileNames() {
        var random = SplitMix(seed: 7)
        for _ in 0..<5_000 {
            for name in [
                random.noise(lengths: 0...40), random.text(of: "-a\u{301}é", lengths: 0...12),
            ] {
                let parsed = try? EndpointName.parse(name)
                _ = try? EndpointName.matches(EndpointIdentifiers(node: "n"), name)
                _ = EndpointName.v1Key(namespace: "ns", name: name)
                if let parsed { _ = try? EndpointName.derive(from: parsed) }
            }
        }
    }

    @Test("a megabyte of dashes is read in one pass (G12)", .timeLimit(.minutes(1)))
    func longNames() throws {
        let dashes = String(repeating: "-", count: 1 << 20)
        #expect(try EndpointName.parse(dashes).node.utf8.count == 1 << 19)
        #expect(throws: FieldFault.self) {
            try EndpointName.parse(String(repeating: "a-", count: 1 << 19))
        }
        let node = "a" + dashes + "a"
        let name = try EndpointName.derive(
            from: EndpointIdentifiers(
                node: node, orchestrator: "cni", endpoint: "e", containerID: "c"))
        #expect(try EndpointName.parse(name).node == node)
    }

    private static func identifiers(_ random: inout SplitMix) -> EndpointIdentifiers {
        EndpointIdentifiers(
            node: segment(&random), orchestrator: orchestrators.randomElement(using: &random) ?? "",
            endpoint: segment(&random), workload: segment(&random), pod: segment(&random),
            containerID: segment(&random))
    }

    private static func segment(_ random: inout SplitMix) -> String {
        "a" + random.text(of: "a-Z_.9", lengths: 0...12) + "b"
    }

    /// What of the identifiers a name holds.
    private static func relevant(_ identifiers: EndpointIdentifiers) -> EndpointIdentifiers {
        var kept = EndpointIdentifiers(
            node: identifiers.node, orchestrator: identifiers.orchestrator,
            endpoint: identifiers.endpoint)
        switch identifiers.orchestrator {
        case "k8s": kept.pod = identifiers.pod
        case "cni": kept.containerID = identifiers.containerID
        case "libnetwork": break
        default: kept.workload = identifiers.workload
        }
        return kept
    }
}
