import EndpointModel

/// A small cluster that moves: few keys, so that events meet again and again, and labels, nodes
/// and namespaces of which selections let some through.
enum Cluster {
    static let apps = ["frontend", "backend", "batch"]
    static let nodes = ["node-0", "node-1", "node-2"]

    static func key(_ number: Int) -> EndpointKey {
        EndpointKey(namespace: "ns-\(number % 3)", name: "endpoint-\(number)")
    }

    static func endpoint(
        app: String, node: String, containerID: String = "", quarantine: String? = nil
    ) -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.spec.node = node
        endpoint.spec.containerID = containerID
        endpoint.metadata.labels = ["app": app]
        if let quarantine { endpoint.metadata.labels["quarantine"] = quarantine }
        return endpoint
    }

    static func put(_ number: Int, app: String = "frontend", node: String = "node-0")
        -> ModelLog.Wish
    {
        ModelLog.Wish(key: key(number), endpoint: endpoint(app: app, node: node))
    }

    static func delete(_ number: Int) -> ModelLog.Wish {
        ModelLog.Wish(key: key(number), endpoint: nil)
    }

    /// Digits that no compression makes small, about 20 for each word.
    static func noise(_ words: Int, _ dice: inout Dice) -> String {
        var text = ""
        for _ in 0..<words { text += String(dice.next()) }
        return text
    }

    static func wish(keys: Int, _ dice: inout Dice) -> ModelLog.Wish {
        let key = key(dice.below(keys))
        if dice.oneIn(4) { return ModelLog.Wish(key: key, endpoint: nil) }
        let wanted = endpoint(
            app: dice.pick(apps), node: dice.pick(nodes),
            containerID: dice.oneIn(2)
                ? noise(dice.below(10), &dice) : String(repeating: "0123", count: 40),
            quarantine: dice.oneIn(5) ? "yes" : nil)
        return ModelLog.Wish(key: key, endpoint: wanted)
    }

    static func selections() throws -> [Selection] {
        [
            .everything,
            Selection(node: "node-1"),
            Selection(namespace: "ns-2"),
            Selection(selector: try Selector(parsing: "app == 'frontend'")),
            Selection(selector: try Selector(parsing: "!has(quarantine)"), namespace: "ns-0"),
            Selection(
                selector: try Selector(parsing: "app in {'backend', 'batch'}"), node: "node-2"),
            Selection(selector: try Selector(parsing: "app == 'nobody'")),
        ]
    }
}
