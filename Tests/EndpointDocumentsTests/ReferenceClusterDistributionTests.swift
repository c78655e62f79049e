import EndpointModel
import ReferenceCluster
import Testing

@Suite("The reference cluster has the shape that the command line's page promises")
struct ReferenceClusterDistributionTests {
    private static let count = 50_000

    private func cluster() throws -> GeneratedCluster {
        try GeneratedCluster(count: Self.count, seed: 1)
    }

    private func tally(_ value: (WorkloadEndpoint) -> String) throws -> [String: Int] {
        try cluster().reduce(into: [:]) { $0[value($1), default: 0] += 1 }
    }

    @Test("100 endpoints on each node, or as many as nodes are asked for")
    func nodes() throws {
        let nodes = try tally(\.spec.node)
        #expect(nodes.count == Self.count / 100)
        #expect(nodes.values.allSatisfy { $0 == 100 })
        #expect(nodes["node-00017"] == 100)
        let few = try GeneratedCluster(count: 1_000, seed: 1, nodes: 7)
        let tally = few.reduce(into: [String: Int]()) { $0[$1.spec.node, default: 0] += 1 }
        #expect(tally.count == 7)
        #expect(tally.values.allSatisfy { $0 == 142 || $0 == 143 })
    }

    @Test("about fifty namespaces, the largest many times the median")
    func namespaces() throws {
        let sizes = try tally(\.metadata.namespace).values.sorted()
        #expect((40...60).contains(sizes.count))
        #expect(sizes[sizes.count - 1] > 8 * sizes[sizes.count / 2])
    }

    @Test("six labels, with few apps and many template hashes")
    func labels() throws {
        let names: Set = ["app", "environment", "pod-template-hash", "team", "tier", "version"]
        for endpoint in try GeneratedCluster(count: 500) {
            #expect(Set(endpoint.metadata.labels.keys) == names)
        }
        let apps = try tally { $0.metadata.labels["app"] ?? "" }
        #expect((10...40).contains(apps.count))
        let versions = try tally { $0.metadata.labels["version"] ?? "" }
        #expect((30...600).contains(versions.count))
        let hashes = try tally { $0.metadata.labels["pod-template-hash"] ?? "" }
        #expect(hashes.count > Self.count / 30)
        #expect(hashes.values.max() == 100)
    }

    @Test("an IPv6 address in one of five")
    func families() throws {
        let both = try cluster().filter { $0.spec.ipNetworks.count == 2 }
        #expect((9_500...10_500).contains(both.count))
        #expect(both.allSatisfy { $0.spec.ipNetworks[1].hasSuffix("/128") })
    }

    @Test("names, interface, container and profiles as Calico makes them for a pod")
    func shapes() throws {
        for endpoint in try GeneratedCluster(count: 2_000, seed: 9) {
            let spec = endpoint.spec
            let labels = endpoint.metadata.labels
            let namespace = endpoint.metadata.namespace
            #expect(spec.orchestrator == "k8s")
            #expect(spec.endpoint == "eth0")
            let prefix = "\(labels["app"] ?? "")-\(labels["pod-template-hash"] ?? "")-"
            #expect(spec.pod.hasPrefix(prefix))
            #expect(spec.pod.utf8.count == prefix.utf8.count + 5)
            #expect(
                endpoint.metadata.name
                    == [spec.node, "k8s", spec.pod, "eth0"]
                    .map { $0.replacing("-", with: "--") }.joined(separator: "-"))
            #expect(spec.interfaceName.utf8.count == 15)
            #expect(spec.containerID.utf8.count == 64)
            #expect(spec.containerID.allSatisfy { $0.isHexDigit })
            #expect(
                spec.profiles == [
                    "kns.\(namespace)", "ksa.\(namespace).\(spec.serviceAccountName)",
                ])
            #expect(spec.ports.count == 2)
            #expect(Set(spec.ports.map(\.name)).count == 2)
        }
    }

    @Test("an interface is named by the SHA-1 of namespace and pod")
    func interface() {
        // echo -n default.my-nginx-b1337a | sha1sum
        #expect(
            PodInterfaceName.text(namespace: "default", pod: "my-nginx-b1337a") == "calidf6f7cbdf39"
        )
    }
}
