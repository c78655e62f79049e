import EndpointModel
import Testing

@Suite("Rights")
struct RightsTests {
    static func pattern(_ text: String) throws -> NamePattern { try #require(NamePattern(text)) }

    static func person(_ name: String, uris: [String] = []) -> Identity {
        .proven(commonName: name, uris: uris)
    }

    @Test("G13: the first rule that fits a name counts, and nobody else may do anything")
    func firstRule() throws {
        let rights = Rights(rules: [
            .init(identity: try Self.pattern("node-7"), roles: [.writer]),
            .init(identity: try Self.pattern("node-*"), roles: [.agent]),
            .init(identity: try Self.pattern("spiffe://cluster/*"), roles: [.follower]),
            .init(identity: try Self.pattern("unproven:dev"), roles: [.admin]),
        ])
        #expect(rights.grant(to: Self.person("node-7"))?.roles == [.writer])
        #expect(rights.grant(to: Self.person("node-8"))?.roles == [.agent])
        #expect(
            rights.grant(to: Self.person("x", uris: ["spiffe://cluster/a"]))?.roles == [.follower])
        #expect(
            rights.grant(to: .proven(commonName: nil, uris: ["spiffe://cluster/a"]))?.roles
                == [.follower])
        #expect(rights.grant(to: .claimed("dev"))?.roles == [.admin])
        #expect(rights.grant(to: .claimed("node-7")) == nil)
        #expect(rights.grant(to: Self.person("dev")) == nil)
        #expect(rights.grant(to: Self.person("Node-8")) == nil)
        #expect(Rights().grant(to: Self.person("node-7")) == nil)
        // A star at the beginning means certificates alone.
        for text in ["*", "*v", "*:dev"] {
            let wide = Rights(rules: [.init(identity: try Self.pattern(text), roles: [.admin])])
            #expect(wide.grant(to: .claimed("dev")) == nil, "\(text)")
            #expect(wide.grant(to: Self.person("x:dev")) != nil)
        }
        // Alike to the eye, and two by their bytes.
        #expect(Self.person("é") != Self.person("e\u{301}"))
    }

    @Test("G13: each role allows what it is for, and no more")
    func roles() {
        let allowed: [(Roles, Set<Permission>)] = [
            (.agent, [.endpoints]),
            (.writer, [.endpoints, .writing]),
            (.auditor, [.endpoints, .auditing]),
            (.follower, [.endpoints, .auditing, .replication]),
            (.admin, Set(Permission.allCases)),
            ([.writer, .auditor], [.endpoints, .writing, .auditing]),
            ([], []),
            // Of a later version.
            (Roles(rawValue: 1 << 20), []),
        ]
        for (roles, permissions) in allowed {
            #expect(Set(Permission.allCases.filter(roles.allow)) == permissions, "\(roles)")
        }
    }

    @Test("G13: a place takes the common name, or what the star stands for")
    func places() throws {
        func selection(_ identity: String, _ who: Identity, _ template: SelectionTemplate) throws
            -> Selection?
        {
            let rule = Rights.Rule(
                identity: try Self.pattern(identity), roles: [.agent], selection: template)
            return Rights(rules: [rule]).grant(to: who)?.selection
        }
        let node = SelectionTemplate(node: "${cn}")
        #expect(try selection("n*", Self.person("n1"), node) == Selection(node: "n1"))
        let starred = SelectionTemplate(selector: "team == '${*}'", namespace: "team-${*}")
        #expect(
            try selection("system:node:*", Self.person("system:node:red"), starred)
                == Selection(
                    selector: try Selector(parsing: "team == 'red'"), namespace: "team-red"))
        // Nobody is let in by a place without a value, nor by a value that would say more.
        #expect(try selection("*", .claimed("n1"), node) == nil)
        #expect(try selection("*", .proven(commonName: nil, uris: ["u:1"]), node) == nil)
        #expect(try selection("*", Self.person(""), node) == nil)
        #expect(try selection("n*", Self.person("n"), SelectionTemplate(node: "${*}")) == nil)
        let quoted = SelectionTemplate(selector: "team == '${cn}'")
        for name in ["a' || all() || x == 'a", "a\"", "a b", "${*}", "ä", "a)"] {
            #expect(try selection("*", Self.person(name), quoted) == nil, "\(name)")
        }
        let bare = SelectionTemplate(selector: "has(${cn})")
        #expect(try selection("*", Self.person("a) || has(b"), bare) == nil)
        #expect(try selection("*", Self.person("${*}"), SelectionTemplate(node: "${cn}")) == nil)
    }

    @Test("G13: everything that is wrong with rights is said at once, by its place")
    func faults() throws {
        let rights = Rights(rules: [
            .init(identity: try Self.pattern("a"), roles: []),
            .init(
                identity: try Self.pattern("b"), roles: [.agent],
                selection: SelectionTemplate(
                    selector: "role ==", node: "${uid}", namespace: "${*}")),
            .init(
                identity: try Self.pattern("c*"), roles: [.auditor, .writer],
                selection: SelectionTemplate(node: "${*}")),
        ])
        #expect(
            rights.faults().map(\.field) == [
                "rules[0].roles", "rules[1].selection.node", "rules[1].selection.namespace",
                "rules[1].selection.selector", "rules[2].selection",
            ])
        let one = Rights.Rule(identity: try Self.pattern("a"), roles: [.admin])
        #expect(Rights(rules: [one]).faults().isEmpty)
        let many = Rights(rules: Array(repeating: one, count: 1_001))
        #expect(many.faults().map(\.field) == ["rules"])
        let long = Rights.Rule(
            identity: try Self.pattern(String(repeating: "a", count: 70_000)), roles: [.admin])
        #expect(Rights(rules: [long]).faults().map(\.field) == ["rules"])
    }

    @Test("G13: narrowed is what both select, and never more")
    func narrowed() throws {
        let app = Selection(selector: try Selector(parsing: "app == 'a' || has(b)"))
        let node = Selection(node: "n1")
        #expect(app.narrowed(to: .everything) == app)
        #expect(Selection.everything.narrowed(to: app) == app)
        #expect(app.narrowed(to: app) == app)
        #expect(
            app.narrowed(to: node) == Selection(selector: app.selector, node: "n1"))
        #expect(node.narrowed(to: Selection(node: "n2")) == .nothing)
        let both = app.narrowed(to: Selection(selector: try Selector(parsing: "!has(c)")))
        #expect(both.selector.matches(["app": "a"]))
        #expect(!both.selector.matches(["app": "a", "c": ""]))
        #expect(!both.selector.matches(["c": ""]))
        #expect(!Selection.nothing.selector.matches([String: String]()))
        // It reads back, so that both ends know it by one fingerprint.
        let again = Selection(selector: try Selector(parsing: both.selector.canonical))
        #expect(again.fingerprint == both.fingerprint)
    }
}
