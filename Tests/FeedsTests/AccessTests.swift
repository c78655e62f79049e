import EndpointModel
import EndpointState
import Feeds
import Testing

/// What rights mean for one connection.
@Suite("What a connection may have")
struct AccessTests {
    private static let somebody = Identity.proven(commonName: "node-1", uris: [])
    private static let ofNode = Selection(selector: .all, node: "n1", namespace: nil)

    private static func rights(_ roles: Roles, node: String = "") throws -> RightsStanding {
        let rule = Rights.Rule(
            identity: try #require(NamePattern("node-*")), roles: roles,
            selection: SelectionTemplate(node: node))
        return RightsStanding(rights: Rights(rules: [rule]), seq: Seq(7))
    }

    private static func access(to wanted: Selection?) -> Access {
        var access = Access()
        access.judge(somebody, by: .none)
        access.wanted = wanted
        return access
    }

    @Test("G13: new rights end a subscription, move it, or let it be")
    func turns() throws {
        var access = Self.access(to: .everything)
        #expect(access.turn(Self.somebody, by: try Self.rights(.agent)) == .goesOn)
        let narrow = try Self.rights(.agent, node: "n1")
        #expect(access.turn(Self.somebody, by: narrow) == .moves(to: Self.ofNode))
        #expect(access.turn(Self.somebody, by: narrow) == .goesOn)
        #expect(access.turn(Self.somebody, by: .none) == .moves(to: .everything))
        let others = RightsStanding(rights: Rights(), seq: Seq(9))
        #expect(access.turn(Self.somebody, by: others) == .ends)
        #expect(access.given == nil)
    }

    @Test("G13: who waits to be served until rights are known waits on when they let it in")
    func waiting() throws {
        var access = Self.access(to: nil)
        #expect(access.turn(Self.somebody, by: try Self.rights(.agent, node: "n1")) == .goesOn)
        access.wanted = .everything
        #expect(access.given == Self.ofNode)
        #expect(access.turn(Self.somebody, by: try Self.rights([])) == .ends)
    }
}
