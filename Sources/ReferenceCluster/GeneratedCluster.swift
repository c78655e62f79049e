package import EndpointModel

/// The cluster of every benchmark: Deployments of uneven size in about 50 namespaces of uneven
/// size, on nodes of equal size.
///
/// Each endpoint follows from the seed and its index alone, on every machine, so a stream of any
/// length needs no memory and any one can be made without the others. The endpoints are valid,
/// and no two share a key or an address.
package struct GeneratedCluster: Sendable {
    /// How many endpoints.
    package let count: Int
    package let seed: UInt64
    /// How many nodes; endpoints are spread over them to within one.
    package let nodes: Int
    private let addresses: Addresses

    /// The bounds within which every endpoint finds an address of its own in `10.0.0.0/8`.
    package static let mostEndpoints = 10_000_000
    package static let mostNodes = 1_000_000
    package static let endpointsPerNode = 100

    /// Without `nodes` there is one for each 100 endpoints.
    package init(
        count: Int, seed: UInt64 = 1, nodes: Int? = nil
    ) throws(ReferenceClusterError) {
        guard (0...Self.mostEndpoints).contains(count) else { throw .countOutOfRange(count) }
        let nodes =
            nodes ?? Swift.max(1, (count + Self.endpointsPerNode - 1) / Self.endpointsPerNode)
        guard (1...Self.mostNodes).contains(nodes) else { throw .nodesOutOfRange(nodes) }
        self.count = count
        self.seed = seed
        self.nodes = nodes
        addresses = Addresses(nodes: nodes, mostPodsPerNode: (count + nodes - 1) / nodes)
    }

    /// The endpoint at `index`, which is in `0..<count`.
    package func endpoint(at index: Int) -> WorkloadEndpoint {
        precondition(indices.contains(index), "\(index) is not in \(indices)")
        let place = WorkloadPlace(seed: seed, slot: index)
        return endpoint(
            at: index, place, of: Workload(seed: seed, number: place.workload))
    }

    package var indices: Range<Int> { 0..<count }

    /// What the node with this number, from 0, is called.
    package static func nodeName(_ number: Int) -> String { Text.node(number) }

    /// The endpoint with one label changed: its `version`, to another for each step, as a
    /// rollout would.
    package static func relabelled(
        _ endpoint: WorkloadEndpoint, step: Int
    ) -> WorkloadEndpoint {
        var changed = endpoint
        // The cluster itself has versions 1 to 3, so the first step is a change too.
        changed.metadata.labels["version"] = "v4.\(step.magnitude / 100).\(step.magnitude % 100)"
        return changed
    }
}

extension GeneratedCluster: Sequence {
    package func makeIterator() -> Iterator { Iterator(self) }

    package var underestimatedCount: Int { count }

    package struct Iterator: IteratorProtocol {
        private let cluster: GeneratedCluster
        private var index = 0
        /// Pods of one workload follow each other, so it is made once for all of them.
        private var current: (number: Int, workload: Workload)?

        fileprivate init(_ cluster: GeneratedCluster) { self.cluster = cluster }

        package mutating func next() -> WorkloadEndpoint? {
            guard index < cluster.count else { return nil }
            defer { index += 1 }
            let place = WorkloadPlace(seed: cluster.seed, slot: index)
            if let current, current.number == place.workload {
                return cluster.endpoint(at: index, place, of: current.workload)
            }
            let workload = Workload(seed: cluster.seed, number: place.workload)
            current = (place.workload, workload)
            return cluster.endpoint(at: index, place, of: workload)
        }
    }
}

extension GeneratedCluster {
    /// 27^5 is more than 2^23, so no two pods of a workload share a suffix.
    private static let suffixes = Scrambler(bits: 23)
    private static let suffixDigits = 5

    private func endpoint(
        at index: Int, _ place: WorkloadPlace, of workload: Workload
    ) -> WorkloadEndpoint {
        var random = SplitMix64(seed: seed, purpose: .endpoint, number: index)
        let suffix = Self.suffixes.image(
            of: UInt64(place.replica), key: seed &+ UInt64(place.workload))
        let pod = workload.podPrefix + Text.safe(suffix, digits: Self.suffixDigits)
        let (node, podOfNode) = nodeAndPod(at: index)
        let address = addresses.ordinal(node: node, pod: podOfNode)

        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = workload.namespace.name
        endpoint.metadata.labels = workload.labels
        endpoint.spec.orchestrator = "k8s"
        endpoint.spec.node = Text.node(node)
        endpoint.spec.pod = pod
        endpoint.spec.endpoint = "eth0"
        endpoint.spec.containerID = Text.hexadecimal(
            (random.next(), random.next(), random.next(), random.next()))
        endpoint.spec.serviceAccountName = workload.serviceAccount
        endpoint.spec.ipNetworks = [Addresses.ipv4(address)]
        if random.next(below: 5) == 0 {
            endpoint.spec.ipNetworks.append(Addresses.ipv6(address))
        }
        endpoint.spec.profiles = workload.profiles
        endpoint.spec.interfaceName = PodInterfaceName.text(
            namespace: workload.namespace.name, pod: pod)
        endpoint.spec.mac = Text.mac(random.next())
        endpoint.spec.ports = workload.app.ports
        endpoint.metadata.name = Self.name(of: endpoint.spec)
        return endpoint
    }

    /// Each round gives every node one more pod, beginning at another node.
    private func nodeAndPod(at index: Int) -> (node: Int, pod: Int) {
        let (round, place) = index.quotientAndRemainder(dividingBy: nodes)
        var random = SplitMix64(seed: seed, purpose: .round, number: round)
        return ((place + random.next(below: nodes)) % nodes, round)
    }

    private static func name(of spec: WorkloadEndpointSpec) -> String {
        do {
            return try EndpointName.derive(from: EndpointIdentifiers(spec))
        } catch {
            preconditionFailure("the reference cluster made a spec without a name: \(error)")
        }
    }
}

/// Why there is no such cluster.
package enum ReferenceClusterError: Error, Hashable, CustomStringConvertible {
    case countOutOfRange(Int)
    case nodesOutOfRange(Int)

    package var description: String {
        switch self {
        case .countOutOfRange(let count):
            "\(count) endpoints are not in 0-\(GeneratedCluster.mostEndpoints); ask for fewer"
        case .nodesOutOfRange(let nodes):
            "\(nodes) nodes are not in 1-\(GeneratedCluster.mostNodes); ask for another number"
        }
    }
}
