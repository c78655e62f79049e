/// What somebody is for: one or more of five.
public struct Roles: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Subscribes to endpoints and asks for those that are.
    public static let agent = Roles(rawValue: 1)
    /// Replicates the log, votes, and may stand for leader.
    public static let follower = Roles(rawValue: 2)
    /// Changes endpoints.
    public static let writer = Roles(rawValue: 4)
    /// Asks for the past and for how the node stands.
    public static let auditor = Roles(rawValue: 8)
    /// Everything.
    public static let admin = Roles(rawValue: 16)

    /// By the names that a document uses.
    public static let named: [(name: String, role: Roles)] = [
        ("agent", .agent), ("follower", .follower), ("writer", .writer), ("auditor", .auditor),
        ("admin", .admin),
    ]

    public var names: [String] { Self.named.filter { contains($0.role) }.map(\.name) }

    /// Those to whom the log is open: a part of it can be kept from nobody who has one of them.
    package static let seeingAll: Roles = [.follower, .auditor, .admin]
}

/// What somebody wants of a node.
public enum Permission: CaseIterable, Hashable, Sendable {
    /// Endpoints as they are: a subscription, or a question.
    case endpoints
    /// Mutations.
    case writing
    /// What was, the log's events, how the node stands, who votes, what rights there are.
    case auditing
    /// The log itself, to be served on; and promises.
    case replication
    /// Promotion, members, rights.
    case operation

    /// Who has it; one of them is enough.
    var roles: Roles {
        switch self {
        case .endpoints: [.agent, .follower, .writer, .auditor, .admin]
        case .writing: [.writer, .admin]
        case .auditing: [.follower, .auditor, .admin]
        case .replication: [.follower, .admin]
        case .operation: .admin
        }
    }

    /// For people.
    package var description: String {
        switch self {
        case .endpoints: "read endpoints"
        case .writing: "change endpoints"
        case .auditing: "ask for the past or for the standing of a node"
        case .replication: "replicate the log"
        case .operation: "operate a node"
        }
    }
}

extension Roles {
    public func allow(_ permission: Permission) -> Bool { !isDisjoint(with: permission.roles) }
}
