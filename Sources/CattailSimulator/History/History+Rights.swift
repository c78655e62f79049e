internal import EndpointModel

/// Rights as an event says them, read as a person would read them.
struct Ruling {
    private let rules: [Rule]

    struct Rule {
        let identity: String
        let maySee: Bool
        let mayWrite: Bool
        let isHeldToAll: Bool
        let isHeldTo: (Written) -> Bool
    }

    /// - Parameter known: What the selections of the rules can be.
    init(_ rights: Rights, _ known: [Wanted]) {
        rules = rights.rules.map { rule in
            let held = known.first { $0.template == rule.selection }
            return Rule(
                identity: rule.identity.description, maySee: rule.roles.rawValue != 0,
                mayWrite: !rule.roles.isDisjoint(with: [.writer, .admin]),
                isHeldToAll: rule.selection == .everything,
                isHeldTo: held?.matches ?? { _ in false })
        }
    }

    /// The first that is meant for somebody; the only stars stand at the end.
    func rule(for name: String) -> Rule? {
        rules.first { rule in
            rule.identity.hasSuffix("*")
                ? name.hasPrefix(rule.identity.dropLast()) : name == rule.identity
        }
    }
}

/// Who may see and write what (G13).
extension History {
    /// The event of the rights in force behind an event.
    func rights(at place: Int) -> Int { place < 0 ? -1 : events[place].rights }

    /// Those and all that came into force behind it, on whatever branch.
    func rights(from place: Int) -> [Int] {
        [rights(at: place)] + rulings.filter { $0 > place && isAncestor(place, of: $0) }
    }

    private func ruling(by index: Int) -> Ruling? {
        guard index >= 0, case .rights(let ruling) = events[index].kind else { return nil }
        return ruling
    }

    /// What somebody may see by them, as a rule; nil: nothing, not even that nothing is there.
    func sight(of name: String, by rights: Int) -> ((Written) -> Bool)? {
        guard let ruling = ruling(by: rights) else { return { _ in true } }
        guard let rule = ruling.rule(for: name), rule.maySee else { return nil }
        return rule.isHeldTo
    }

    enum Wish { case reading, writing }

    /// Whether any rights that there ever were keep somebody from some of it.
    func isDeniedSomewhere(_ name: String, _ wish: Wish) -> Bool {
        rulings.contains { index in
            guard let rule = ruling(by: index)?.rule(for: name) else { return true }
            return switch wish {
            case .reading: !rule.maySee
            case .writing: !rule.mayWrite || !rule.isHeldToAll
            }
        }
    }

    /// What was written might be written by the rights in force before it: both what stood and what
    /// stands are the writer's to change.
    func checkRight(_ index: Int) {
        let event = events[index]
        guard let ruling = ruling(by: rights(at: event.parent)) else { return }
        guard let rule = ruling.rule(for: event.actor), rule.mayWrite else {
            return violates("G13", "\(event.actor) wrote seq \(event.seq), and may not write")
        }
        guard !rule.isHeldToAll, let key = event.key else { return }
        var versions: [Written] = []
        if case .put(_, let written) = event.kind { versions.append(written) }
        if let before = fold(event.parent)[key], case .put(_, let written) = events[before].kind {
            versions.append(written)
        }
        if !versions.allSatisfy(rule.isHeldTo) {
            violates("G13", "\(event.actor) wrote seq \(event.seq), which is beyond its selection")
        }
    }
}
