import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Testing

@Suite("rights on the command line")
struct RightsCommandTests {
    private static let document = """
        kind: Rights
        rules:
        - identity: unproven:root
          roles: [admin]
        - identity: unproven:follower
          roles: [follower]
        - identity: unproven:node-*
          roles: [agent]
          selection: {node: "node${*}"}
        - identity: unproven:ci
          roles: [writer, agent]
          selection: {selector: "app == 'web'", namespace: default}

        """

    private static func person(_ name: String, _ node: NodeChild) -> [String: String] {
        ["CATTAIL_SERVER": node.listen, "CATTAIL_ACTOR": name]
    }

    @Test("G13: rights are applied at a follower too, read back as written, and hold at once")
    func story() async throws {
        let folder = try TemporaryFolder()
        let leader = try await NodeChild.leader(data: folder.path("l"))
        let follower = try await NodeChild.follower(
            data: folder.path("f"), upstream: leader.listen)
        let none = try await cattail("rights", "get", environment: Self.person("x", leader))
        #expect(none.output == "kind: Rights\nrules: []\nseq: null\n")
        try folder.write(Self.document, to: "rights.yaml")
        let file = folder.path("rights.yaml")
        // Who would lock itself out is not let.
        let locked = try await cattail(
            "rights", "apply", "-f", file, environment: Self.person("x", leader))
        #expect(locked.code == 1)
        #expect(locked.errors.hasPrefix("error: rights-lockout: by these rights x, who applies"))
        let root = Self.person("root", follower)
        let applied = try await cattail("rights", "apply", "-f", file, environment: root)
        #expect(applied.code == 0, "\(applied.errors)")
        #expect(applied.output.hasSuffix("seq: 2\n"))
        let got = try await cattail(
            "rights", "get", environment: Self.person("root", leader))
        #expect(got.output == applied.output)
        // As it was printed it is what stands, and no event.
        try folder.write(got.output, to: "got.yaml")
        let again = try await cattail(
            "rights", "apply", "-o", "json", "-f", folder.path("got.yaml"), environment: root)
        #expect(try again.json().first?["seq"] == .number("2"))
        try folder.write(
            got.output.replacingOccurrences(of: "seq: 2", with: "seq: 1"), to: "old.yaml")
        let old = try await cattail(
            "rights", "apply", "-f", folder.path("old.yaml"), environment: root)
        #expect(old.errors.hasPrefix("error: conflict: the rights in force are of seq 2, not of"))

        let shown = try await cattail(
            "log", "-o", "json", environment: Self.person("root", leader))
        #expect(try shown.json().last?["kind"]?.text == "rights")
        #expect(try shown.json().last?["actor"]?.text == "root")
        for (name, line) in [
            ("node-1", "error: not-allowed: node-1 may not ask for the past or for the standing"),
            ("nobody", "error: not-allowed: nobody may not ask for the past"),
        ] {
            let status = try await cattail("status", environment: Self.person(name, leader))
            #expect(status.code == 1 && status.errors.hasPrefix(line), "\(status.errors)")
        }
        let watched = try await cattail(
            "watch", "-o", "json", environment: Self.person("nobody", follower))
        #expect(watched.code == 1)
        #expect(watched.output.contains("no rule of the rights of seq 2 lets nobody do anything"))
        let written = try await ChildProcess.run(
            ["apply", "-f", "-"], input: Sample.endpoint(),
            environment: Self.person("ci", leader))
        #expect(written.code == 1)
        #expect(written.errors.contains("not-allowed: ci is held to app == \"web\""))
        try await follower.stop()
        try await leader.stop()
    }

    @Test("G13: a leader begins with the rights of a file, and opens a log that nobody may change")
    func begun() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.document, to: "rights.yaml")
        let file = folder.path("rights.yaml")
        var leader = try await NodeChild.leader(data: folder.path("l"), ["--rights", file])
        let refused = try await cattail("status", environment: Self.person("x", leader))
        #expect(refused.errors.hasPrefix("error: not-allowed: x may not"))
        try await leader.stop()
        try folder.write(
            Self.document.replacingOccurrences(of: "unproven:root", with: "unproven:x"),
            to: "rights.yaml")
        leader = try await NodeChild.leader(data: folder.path("l"), ["--rights", file])
        let got = try await cattail("rights", "get", environment: Self.person("x", leader))
        #expect(got.code == 0 && got.output.hasSuffix("seq: 3\n"), "\(got.errors)")
        try await leader.stop()
        // The same again is no event.
        leader = try await NodeChild.leader(data: folder.path("l"), ["--rights", file])
        let same = try await cattail("rights", "get", environment: Self.person("x", leader))
        #expect(same.output == got.output)
        try await leader.stop()
    }

    @Test(
        "What is wrong with a document of rights is said by its place, and nothing is asked of a server"
    )
    func faults() async throws {
        let folder = try TemporaryFolder()
        let cases: [(String, [String])] = [
            ("", ["no-documents"]),
            ("kind: Rights\nrules: [", ["syntax: rules: "]),
            ("rules: []\n", ["invalid: kind: is missing"]),
            ("kind: Role\nrules: []\n", ["invalid: kind: Role is not Rights"]),
            ("kind: Rights\nrules: 3\n", ["invalid: rules: is the number 3 where a list belongs"]),
            (
                "kind: Rights\nrules: [{identity: a}, {roles: [king], selection: {pod: x}}]\n",
                [
                    "invalid: rules[1].roles: have 'king', which is none of",
                    "invalid: rules[1].identity: is needed",
                    "invalid: rules[1].selection.pod: is not recognized",
                ]
            ),
            (
                "kind: Rights\nrules: [{identity: a}, {identity: b, roles: [admin], selection: {node: '${uid}'}}]\n",
                [
                    "invalid: rules[0].roles: are needed",
                    "invalid: rules[1].selection.node: has a place that is neither",
                    "invalid: rules[1].selection: cannot hold admin",
                ]
            ),
            (
                "kind: Rights\nrules: [{identity: a, roles: [agent], selection: {selector: 'a ='}}]\n",
                ["invalid: rules[0].selection.selector: "]
            ),
        ]
        for (text, wanted) in cases {
            try folder.write(text, to: "rights.yaml")
            let run = try await cattail(
                "rights", "apply", "-f", folder.path("rights.yaml"),
                environment: ["CATTAIL_SERVER": "127.0.0.1:1"])
            #expect(run.code == 1, "\(text)")
            for part in wanted { #expect(run.errors.contains(part), "\(run.errors)") }
        }
        let missing = try await cattail("rights", "apply", "-f", folder.path("none"))
        #expect(missing.errors.hasPrefix("error: file-missing: "))
        let none = try await cattail("rights", "apply")
        #expect(none.code == 64)
    }
}
