internal import EndpointModel
internal import SyncProtocol

/// What an agent wants, twice: as a selection, and as a naive rule about what writers wrote.
struct Wanted {
    let name: String
    let request: SelectionRequest
    let selection: Selection
    let matches: (Written) -> Bool

    private init(
        _ name: String, _ request: SelectionRequest, _ matches: @escaping (Written) -> Bool
    ) {
        guard let selection = Self.selection(of: request) else {
            preconditionFailure("the simulator's own selector \(request.selector)")
        }
        self.name = name
        self.request = request
        self.selection = selection
        self.matches = matches
    }

    static func selection(of request: SelectionRequest) -> Selection? {
        guard
            let selector = request.selector.isEmpty
                ? .all : try? Selector(parsing: request.selector)
        else { return nil }
        return Selection(
            selector: selector, node: request.node, namespace: request.namespace)
    }

    /// - Parameter endpoints: Some of those that are written.
    static func all(_ endpoints: [WorkloadEndpoint]) -> [Wanted] {
        let node = endpoints[0].spec.node
        let namespace = endpoints[1].metadata.namespace
        return [
            Wanted("everything", .init()) { _ in true },
            Wanted("node", .init(node: node)) { $0.node == node },
            Wanted("namespace", .init(namespace: namespace)) { $0.namespace == namespace },
            Wanted("front", .init(selector: "tier == 'front'")) { $0.tier == "front" },
            Wanted("sound", .init(selector: "!has(quarantine)", node: node)) {
                !$0.isQuarantined && $0.node == node
            },
            Wanted("back", .init(selector: "tier in {'back', 'batch'}")) {
                $0.tier == "back" || $0.tier == "batch"
            },
            Wanted("nobody", .init(selector: "tier == 'nobody'")) { _ in false },
        ]
    }
}

/// What a writer wrote into an endpoint, as far as anybody judges it.
struct Written: Hashable {
    var namespace: String
    var node: String
    var tier: String
    var isQuarantined: Bool
    /// Names the request that wrote it.
    var tag: String

    init(_ endpoint: WorkloadEndpoint) {
        namespace = endpoint.metadata.namespace
        node = endpoint.spec.node
        tier = endpoint.metadata.labels["tier"] ?? ""
        isQuarantined = endpoint.metadata.labels["quarantine"] != nil
        tag = endpoint.spec.containerID
    }
}
