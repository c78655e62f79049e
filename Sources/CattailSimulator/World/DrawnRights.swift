internal import EndpointModel
internal import SyncProtocol

/// Rights as an operator might put them in force, drawn by lot.
extension Rights {
    /// Followers stay followers, so that the cluster lives; of the others each may be let in
    /// wholly, in part or not at all.
    static func drawn(
        for world: World, _ dice: inout Dice, lettingAllIn: Bool = false
    ) -> Rights {
        var rules = [rule("follower", .follower), rule("node", .follower)]
        for agent in world.agents.map(\.name).shuffled(using: &dice) where !dice.oneIn(3) {
            let held = dice.oneIn(3) ? nil : dice.pick(world.wanted)
            rules.append(rule(agent, dice.oneIn(4) ? [.agent, .writer] : .agent, held))
        }
        if lettingAllIn || dice.oneIn(2) {
            rules.append(rule("agent-*", .agent, dice.oneIn(2) ? nil : dice.pick(world.wanted)))
        }
        if lettingAllIn || !dice.oneIn(5) {
            rules.append(rule("writer-*", .writer, dice.oneIn(2) ? nil : dice.pick(world.wanted)))
        }
        return Rights(rules: rules)
    }

    private static func rule(_ identity: String, _ roles: Roles, _ held: Wanted? = nil) -> Rule {
        guard let pattern = NamePattern(identity) else {
            preconditionFailure("the simulator's own pattern \(identity)")
        }
        return Rule(identity: pattern, roles: roles, selection: held?.template ?? .everything)
    }
}

extension Wanted {
    /// As rights hold somebody to it.
    var template: SelectionTemplate {
        SelectionTemplate(
            selector: request.selector, node: request.node ?? "",
            namespace: request.namespace ?? "")
    }
}
