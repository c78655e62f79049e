/// What rights come to for one identity.
public struct Grant: Hashable, Sendable {
    public let roles: Roles
    /// What it may read and write; nothing beyond.
    public let selection: Selection

    public init(roles: Roles, selection: Selection) {
        self.roles = roles
        self.selection = selection
    }

    /// Of a log without rights: whoever may connect may do everything.
    public static let unrestricted = Grant(
        roles: [.agent, .follower, .writer, .auditor, .admin], selection: .everything)

    public func allows(_ permission: Permission) -> Bool { roles.allow(permission) }
}

extension Selection {
    /// No endpoint.
    public static let nothing = Selection(selector: .nothing)

    /// What both select.
    public func narrowed(to other: Selection) -> Selection {
        if other.isEverything || other == self { return self }
        if isEverything { return other }
        guard let node = Self.common(node, other.node),
            let namespace = Self.common(namespace, other.namespace)
        else { return .nothing }
        return Selection(
            selector: selector.and(other.selector), node: node.text, namespace: namespace.text)
    }

    private struct Common {
        let text: String?
    }

    private static func common(_ one: String?, _ other: String?) -> Common? {
        guard let one else { return Common(text: other) }
        guard let other, !ByteOrder.equal(one, other) else { return Common(text: one) }
        return nil
    }
}

extension Selector {
    /// `!all()`: matches nothing.
    static let nothing: Selector = {
        var syntax = SelectorSyntax.all
        syntax.nodes.append(SelectorNode(kind: .not))
        return Selector(syntax)
    }()

    /// Both conditions.
    func and(_ other: Selector) -> Selector {
        if self == .all || other == self { return other }
        if other == .all { return self }
        // A canonical form reads back.
        return (try? Selector(parsing: "(\(canonical)) && (\(other.canonical))")) ?? .nothing
    }
}
