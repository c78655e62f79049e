import EndpointModel
import Testing

/// Random rights, identities, wishes and endpoints, judged by the product and by a model that knows
/// nothing of it: patterns by trying every split, conditions as trees.
@Suite("Rights against a naive model")
struct RightsAgainstModelTests {
    @Test(
        "G13: what an identity is given of what it wants is what the model gives: 100,000 cases, no leak and no miss",
        arguments: 0..<10)
    func random(seed: Int) throws {
        var world = RightsWorld(seed: UInt64(seed))
        var given = 0
        var kept = 0
        for round in 0..<10_000 {
            let rights = world.rights()
            let identity = world.identity()
            let wanted = world.held(placed: false)
            let endpoint = world.endpoint()
            let permission = try #require(Permission.allCases.randomElement(using: &world.dice))
            let grant = try rights.product().grant(to: identity)
            let wish = try wanted.selection()
            let found =
                grant.map { grant in
                    grant.allows(permission)
                        && wish.narrowed(to: grant.selection).matches(endpoint)
                } ?? false
            let truth = rights.allows(permission, to: identity, wanting: wanted, endpoint)
            #expect(found == truth, "seed \(seed), round \(round): \(rights), \(identity)")
            if truth { given += 1 } else { kept += 1 }
        }
        // Both answers are asked for often.
        #expect(given > 200 && kept > 200, "\(given) given, \(kept) kept")
    }
}

/// A condition on labels as a tree; texts may have places.
indirect enum ModelCondition {
    case all
    case has(String)
    case equals(String, String)
    case not(ModelCondition)
    case both(ModelCondition, ModelCondition)
    case either(ModelCondition, ModelCondition)

    var text: String {
        switch self {
        case .all: "all()"
        case .has(let label): "has(\(label))"
        case .equals(let label, let value): "\(label) == '\(value)'"
        case .not(let inner): "!(\(inner.text))"
        case .both(let left, let right): "(\(left.text)) && (\(right.text))"
        case .either(let left, let right): "(\(left.text)) || (\(right.text))"
        }
    }

    func holds(_ labels: [String: String], _ fill: (String) -> String?) -> Bool {
        switch self {
        case .all: true
        case .has(let label): labels[label] != nil
        case .equals(let label, let value): labels[label] == fill(value)
        case .not(let inner): !inner.holds(labels, fill)
        case .both(let left, let right): left.holds(labels, fill) && right.holds(labels, fill)
        case .either(let left, let right): left.holds(labels, fill) || right.holds(labels, fill)
        }
    }

    var values: [String] {
        switch self {
        case .all, .has: []
        case .equals(_, let value): [value]
        case .not(let inner): inner.values
        case .both(let left, let right), .either(let left, let right): left.values + right.values
        }
    }
}

struct ModelHeld {
    var condition = ModelCondition.all
    var node = ""
    var namespace = ""

    func selection() throws -> Selection {
        Selection(
            selector: try Selector(parsing: condition.text), node: node, namespace: namespace)
    }

    func holds(_ endpoint: WorkloadEndpoint, _ fill: (String) -> String?) -> Bool {
        let (wantedNode, wantedNamespace) = (fill(node), fill(namespace))
        return (wantedNode == "" || wantedNode == endpoint.spec.node)
            && (wantedNamespace == "" || wantedNamespace == endpoint.metadata.namespace)
            && condition.holds(endpoint.metadata.labels, fill)
    }
}

struct ModelRule {
    var pattern: String
    var roles: Roles
    var held: ModelHeld

    /// Every split of the name is tried.
    static func matches(_ pattern: Substring, _ name: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return (0...name.count).contains { matches(pattern.dropFirst(), name.dropFirst($0)) }
        }
        return name.first == first && matches(pattern.dropFirst(), name.dropFirst())
    }

    /// Nil: no value.
    func value(_ place: String, _ name: String, _ identity: Identity) -> String? {
        switch place {
        case "${cn}":
            if case .proven(let commonName, _) = identity { return commonName }
            return nil
        default:
            guard pattern.filter({ $0 == "*" }).count == 1 else { return nil }
            let fixed = pattern.split(separator: "*", omittingEmptySubsequences: false)
            return String(name.dropFirst(fixed[0].count).dropLast(fixed[1].count))
        }
    }
}

struct ModelRights {
    var rules: [ModelRule]

    func product() throws -> Rights {
        Rights(
            rules: try rules.map { rule in
                Rights.Rule(
                    identity: try #require(NamePattern(rule.pattern)), roles: rule.roles,
                    selection: SelectionTemplate(
                        selector: rule.held.condition.text, node: rule.held.node,
                        namespace: rule.held.namespace))
            })
    }

    func allows(
        _ permission: Permission, to identity: Identity, wanting wanted: ModelHeld,
        _ endpoint: WorkloadEndpoint
    ) -> Bool {
        let names: [String] =
            switch identity {
            case .proven(let commonName, let uris): [commonName].compactMap(\.self) + uris
            case .claimed(let name): ["unproven:" + name]
            }
        let isClaimed = if case .claimed = identity { true } else { false }
        for rule in rules where !isClaimed || rule.pattern.hasPrefix("unproven:") {
            guard let name = names.first(where: { ModelRule.matches(rule.pattern[...], $0[...]) })
            else { continue }
            guard Self.may(rule.roles, permission) else { return false }
            for text in rule.held.condition.values + [rule.held.node, rule.held.namespace]
            where text.hasPrefix("${") {
                guard let value = rule.value(text, name, identity), !value.isEmpty else {
                    return false
                }
                // A quotation mark in a selector is never let in.
                if rule.held.condition.values.contains(text), value.contains("'") { return false }
            }
            let fill: (String) -> String? = { text in
                text.hasPrefix("${") ? rule.value(text, name, identity) : text
            }
            return rule.held.holds(endpoint, fill) && wanted.holds(endpoint) { $0 }
        }
        return false
    }

    private static func may(_ roles: Roles, _ permission: Permission) -> Bool {
        let lists: [(Roles, [Permission])] = [
            (.agent, [.endpoints]), (.writer, [.endpoints, .writing]),
            (.auditor, [.endpoints, .auditing]),
            (.follower, [.endpoints, .auditing, .replication]),
            (.admin, [.endpoints, .writing, .auditing, .replication, .operation]),
        ]
        return lists.contains { roles.contains($0.0) && $0.1.contains(permission) }
    }
}

struct RightsWorld {
    var dice: SplitMix

    init(seed: UInt64) { dice = SplitMix(seed: seed) }

    private static let names = ["a", "b", "ab", "n1", "n2", "o'b", ""]
    private static let labels = ["app", "team"]

    private mutating func pick<Element>(_ from: [Element]) -> Element {
        from[Int.random(in: 0..<from.count, using: &dice)]
    }

    private mutating func oneIn(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &dice) == 0
    }

    mutating func rights() -> ModelRights {
        ModelRights(
            rules: (0..<Int.random(in: 0...4, using: &dice)).map { _ in
                ModelRule(
                    pattern: pick(["a", "*", "a*", "*b", "n*", "*1*", "unproven:*", "u:*", "*:*b"]),
                    roles: Roles(rawValue: UInt32.random(in: 0..<32, using: &dice)),
                    held: held(placed: true))
            })
    }

    mutating func identity() -> Identity {
        let uris = oneIn(2) ? ["u:\(pick(Self.names))"] : []
        return switch Int.random(in: 0..<4, using: &dice) {
        case 0: .claimed(pick(Self.names))
        case 1: .proven(commonName: nil, uris: uris)
        default: .proven(commonName: pick(Self.names), uris: uris)
        }
    }

    mutating func held(placed: Bool) -> ModelHeld {
        var held = ModelHeld()
        if oneIn(2) { held.condition = condition(depth: 3, placed) }
        if oneIn(3) { held.node = text(placed) }
        if oneIn(3) { held.namespace = text(placed) }
        return held
    }

    private mutating func text(_ placed: Bool) -> String {
        placed && oneIn(2) ? pick(["${cn}", "${*}"]) : pick(["a", "b", "n1", "n2"])
    }

    private mutating func condition(depth: Int, _ placed: Bool) -> ModelCondition {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 3), using: &dice) {
        case 0: return .all
        case 1: return .has(pick(Self.labels))
        case 2: return .equals(pick(Self.labels), text(placed))
        case 3: return .not(condition(depth: depth - 1, placed))
        case 4:
            return .both(
                condition(depth: depth - 1, placed), condition(depth: depth - 1, placed))
        default:
            return .either(
                condition(depth: depth - 1, placed), condition(depth: depth - 1, placed))
        }
    }

    mutating func endpoint() -> WorkloadEndpoint {
        var endpoint = WorkloadEndpoint()
        endpoint.metadata.namespace = pick(["a", "b", "n1"])
        endpoint.spec.node = pick(["a", "b", "n1", "n2"])
        for label in Self.labels where oneIn(2) {
            endpoint.metadata.labels[label] = pick(["a", "b", "n1", "n2"])
        }
        return endpoint
    }
}
