internal import EndpointModel

/// The tenants: sixteen teams with three environments each, and two namespaces of the cluster's
/// own, of very uneven size, as in life.
struct Namespace {
    var name: String
    var team: String
    var environment: String
    var apps: [App]

    private static let all: [(namespace: Namespace, weight: Int)] = {
        var all = [
            system("kube-system", weight: 280), system("monitoring", weight: 160),
        ]
        for (rank, team) in teams.enumerated() {
            for (environment, suffix, share) in environments {
                let namespace = Namespace(
                    name: team + suffix, team: team, environment: environment, apps: App.ofTeams)
                all.append((namespace, 720 * share / (rank + 1)))
            }
        }
        return all
    }()

    private static let teams = [
        "shop", "payments", "search", "catalog", "accounts", "orders", "media", "analytics",
        "messaging", "logistics", "pricing", "support", "fraud", "recommend", "billing", "labs",
    ]
    private static let environments = [
        ("production", "", 7), ("staging", "-staging", 2), ("development", "-dev", 1),
    ]

    private static func system(_ name: String, weight: Int) -> (Namespace, Int) {
        let apps = App.ofPlatform
        return (
            Namespace(name: name, team: "platform", environment: "production", apps: apps), weight
        )
    }

    private static let totalWeight = all.reduce(0) { $0 + $1.weight }

    static func drawn(from random: inout SplitMix64) -> Namespace {
        var rest = random.next(below: totalWeight)
        for (namespace, weight) in all {
            if rest < weight { return namespace }
            rest -= weight
        }
        preconditionFailure("a draw below the total weight left \(rest)")
    }
}

/// What a Deployment runs.
struct App {
    var name: String
    var tier: String
    var ports: [EndpointPort]

    init(_ name: String, _ tier: String, _ first: (String, UInt16), _ second: (String, UInt16)) {
        self.name = name
        self.tier = tier
        ports = [first, second].map {
            EndpointPort(name: $0.0, transport: .name("TCP"), port: $0.1)
        }
    }

    /// The common ones stand several times in the lists.
    static func drawn(from apps: [App], _ random: inout SplitMix64) -> App {
        apps[random.next(below: apps.count)]
    }

    private static let frontend = App("frontend", "web", ("http", 8080), ("metrics", 9090))
    private static let api = App("api", "backend", ("http", 8080), ("metrics", 9090))
    private static let worker = App("worker", "backend", ("health", 8081), ("metrics", 9090))
    private static let coredns = App("coredns", "platform", ("dns-tcp", 53), ("metrics", 9153))

    static let ofTeams = [
        frontend, frontend, frontend, frontend, api, api, api, api, worker, worker, worker,
        App("gateway", "web", ("https", 8443), ("metrics", 9090)),
        App("auth", "backend", ("grpc", 50051), ("metrics", 9090)),
        App("cache", "data", ("redis", 6379), ("metrics", 9121)),
        App("indexer", "data", ("grpc", 50051), ("metrics", 9090)),
        App("scheduler", "backend", ("health", 8081), ("metrics", 9090)),
    ]
    static let ofPlatform = [
        coredns, coredns,
        App("ingress-nginx", "platform", ("http", 80), ("https", 443)),
        App("metrics-server", "platform", ("https", 10250), ("health", 8081)),
        App("prometheus", "platform", ("http", 9090), ("reload", 8080)),
        App("log-collector", "platform", ("forward", 24224), ("metrics", 2020)),
    ]
}
