import EndpointModel
import ReferenceCluster
import Testing

@Suite("The reference cluster is the same everywhere, valid and without repeats")
struct ReferenceClusterTests {
    /// Everything that the cluster sets, as text.
    private func text(_ endpoint: WorkloadEndpoint) -> String {
        let spec = endpoint.spec
        let labels = endpoint.metadata.labels.sorted { $0.key < $1.key }
        return [
            endpoint.key.description, labels.map { "\($0)=\($1)" }.joined(separator: ","),
            spec.orchestrator, spec.node, spec.containerID, spec.pod, spec.endpoint,
            spec.serviceAccountName, spec.ipNetworks.joined(separator: ","),
            spec.profiles.joined(separator: ","), spec.interfaceName, spec.mac,
            spec.ports.map { "\($0.name):\($0.transport):\($0.port)" }.joined(separator: ","),
        ].joined(separator: "|") + "\n"
    }

    @Test("the first thousand are pinned: figures stay comparable")
    func pinned() throws {
        let cluster = try GeneratedCluster(count: 1_000, seed: 1)
        let all = cluster.map(text).joined()
        #expect(
            Hash256.of(Array(all.utf8)).description
                == "13b7cf967fe2838f2a6d8509786c46dd00d48d7820180a8dac543c8d505e301a")
        let first = [
            "analytics/node--00002-k8s-worker--mfqbfh42b--lwf6r-eth0",
            "app=worker,environment=production,pod-template-hash=mfqbfh42b,team=analytics,tier=backend,version=v1.8.1",
            "k8s",
            "node-00002",
            "568b6056892257b5f551d3fe89a66bcd115c44430e5abd920e78960324294b31",
            "worker-mfqbfh42b-lwf6r",
            "eth0",
            "worker",
            "10.0.0.128/32",
            "kns.analytics,ksa.analytics.worker",
            "cali2619c5e3863",
            "f2:cf:72:b0:cc:4e",
            "health:name(\"TCP\"):8081,metrics:name(\"TCP\"):9090",
        ]
        #expect(text(cluster.endpoint(at: 0)) == first.joined(separator: "|") + "\n")
    }

    @Test("every endpoint goes the quick way of a leader's admission")
    func quickWay() throws {
        for var endpoint in try GeneratedCluster(count: 2_000, seed: 4) {
            endpoint.metadata.name = try endpoint.derivedName.get()
            endpoint.setImplicitLabels()
            let encoded = try EncodedEndpoint(validating: endpoint.encodedEndpoint())
            #expect(encoded.keepsRulesAsItStands(under: endpoint.key))
        }
    }

    @Test("an endpoint made alone is the one of the stream")
    func randomAccess() throws {
        let cluster = try GeneratedCluster(count: 3_000, seed: 7)
        for (index, endpoint) in cluster.enumerated() {
            #expect(endpoint == cluster.endpoint(at: index))
        }
    }

    @Test("another seed gives other endpoints")
    func seeds() throws {
        let one = Set(try GeneratedCluster(count: 1_000, seed: 1).map(\.key))
        let other = Set(try GeneratedCluster(count: 1_000, seed: 2).map(\.key))
        #expect(one.isDisjoint(with: other))
    }

    @Test("100,000 endpoints: every one valid, no key, address or pod twice")
    func unique() throws {
        let cluster = try GeneratedCluster(count: 100_000, seed: 3)
        var keys: Set<EndpointKey> = []
        var addresses: Set<String> = []
        var pods: Set<String> = []
        var addressCount = 0
        var invalid = 0
        for endpoint in cluster {
            keys.insert(endpoint.key)
            addresses.formUnion(endpoint.spec.ipNetworks)
            addressCount += endpoint.spec.ipNetworks.count
            pods.insert("\(endpoint.metadata.namespace)/\(endpoint.spec.pod)")
            if !endpoint.validate().isEmpty { invalid += 1 }
        }
        #expect(invalid == 0)
        #expect(keys.count == 100_000)
        #expect(addresses.count == addressCount)
        #expect(pods.count == 100_000)
    }

    @Test(
        "no address twice and none outside 10.0.0.0/8, at the bounds too",
        arguments: [
            (10_000_000, 100_000), (10_000_000, 1), (10_000_000, 1_000_000), (9_999_999, 999_983),
            (5, 1_000_000),
        ])
    func bounds(count: Int, nodes: Int) throws {
        let cluster = try GeneratedCluster(count: count, seed: 1, nodes: nodes)
        let stride = Swift.max(1, count / 20_000)
        let indices =
            Array(Swift.stride(from: 0, to: count, by: stride))
            + Array(Swift.max(0, count - 500)..<count)
        var addresses: Set<String> = []
        for index in Set(indices) {
            let address = cluster.endpoint(at: index).spec.ipNetworks[0]
            #expect(addresses.insert(address).inserted)
            let octets = address.dropLast(3).split(separator: ".").compactMap { UInt8($0) }
            #expect(octets.count == 4 && octets[0] == 10, "\(address)")
        }
    }

    @Test("counts and nodes out of bounds are refused")
    func refusals() throws {
        #expect(throws: ReferenceClusterError.countOutOfRange(-1)) {
            try GeneratedCluster(count: -1)
        }
        #expect(throws: ReferenceClusterError.countOutOfRange(.max)) {
            try GeneratedCluster(count: .max)
        }
        #expect(throws: ReferenceClusterError.nodesOutOfRange(0)) {
            try GeneratedCluster(count: 1, nodes: 0)
        }
        #expect(throws: ReferenceClusterError.nodesOutOfRange(.max)) {
            try GeneratedCluster(count: 1, nodes: .max)
        }
        #expect(try GeneratedCluster(count: 0).map(\.key).isEmpty)
    }

    @Test("a relabelled endpoint differs in the value of one label, at each step anew")
    func relabelling() throws {
        for endpoint in try GeneratedCluster(count: 300, seed: 5) {
            var before = endpoint
            for step in 0..<5 {
                let after = GeneratedCluster.relabelled(before, step: step)
                let changed = after.metadata.labels.filter {
                    before.metadata.labels[$0.key] != $0.value
                }
                #expect(changed.count == 1)
                #expect(after.metadata.labels.count == before.metadata.labels.count)
                #expect(after.validate() == [])
                var rest = after
                rest.metadata.labels = before.metadata.labels
                #expect(rest == before)
                before = after
            }
        }
    }
}
