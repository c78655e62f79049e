import CattailTestKit
import EndpointDocuments
import EndpointModel
import Foundation
import Glibc
import Testing

@Suite("certificates on the command line")
struct SecurityCommandTests {
    @Test("certs makes an authority, a node's certificate and a client's, and shows what they say")
    func making() async throws {
        let certs = try await Certs()
        let keys = try FileManager.default.attributesOfItem(atPath: certs.path("alice.key"))
        #expect((keys[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let shown = try await cattail("certs", "show", certs.path("node.pem"), "-o", "json")
        let node = try shown.json().first
        #expect(node?["subject"]?.text == "CN=node")
        #expect(
            node?["names"]?.elements.compactMap(\.text) == ["localhost", "127.0.0.1"])
        #expect(node?["purposes"]?.elements.count == 2)
        #expect(node?["fingerprint"]?.text?.count == 64)
        let again = try await cattail("certs", "issue", "alice", "--dir", certs.dir)
        #expect(again.code == 1 && again.errors.hasPrefix("error: already-exists: "))
        let odd = try await cattail("certs", "issue", "../alice", "--dir", certs.dir)
        #expect(odd.code == 64)
        let nowhere = try await cattail("certs", "issue", "bob", "--dir", certs.path("no"))
        #expect(nowhere.code == 1 && nowhere.errors.hasPrefix("error: file-missing: "))
    }

    @Test("G13: beyond loopback with TLS; the certificate is the actor; a revoked one is kept out")
    func processes() async throws {
        let certs = try await Certs()
        let leader = try await NodeChild.leader(
            data: certs.path("leader"), listen: "0.0.0.0:0",
            certs.flags("node") + ["--crl", certs.path("crl.pem")])
        let server = "127.0.0.1:" + (leader.listen.split(separator: ":").last ?? "")
        let follower = try await NodeChild.follower(
            data: certs.path("follower"), upstream: server, certs.flags("node"))
        let written = try await ChildProcess.run(
            ["apply", "-f", "-"], input: Sample.endpoint(),
            environment: certs.environment("alice", server))
        #expect(written.code == 0, "\(written.errors)")
        let log = try await cattail(
            "log", "-o", "json", environment: certs.environment("alice", server))
        #expect(try log.json().last?["actor"]?.text == "alice")
        #expect(!log.output.contains("(unverified)"))
        let watch = try ChildProcess(
            ["watch", "-o", "json", "--until-in-sync"],
            environment: certs.environment("alice", follower.listen))
        _ = try await watch.lines(until: { $0.contains("in-sync") })
        let metrics = try await cattail(
            "status", "-o", "prometheus", environment: certs.environment("alice", server))
        #expect(metrics.output.contains("\ncattail_certificate_not_after_seconds "))

        let revoked = try await cattail("certs", "revoke", "alice", "--dir", certs.dir)
        #expect(revoked.code == 0, "\(revoked.errors)")
        leader.process.send(signal: SIGHUP)
        // SIGHUP is taken in its order; whoever asks until then is let in yet.
        let kept = try await certs.refusal(of: "alice", at: server)
        #expect(kept.code == 1)
        #expect(kept.errors.hasPrefix("error: certificate-revoked: "), "\(kept.errors)")
        let other = try await cattail("status", environment: certs.environment("bob", server))
        #expect(other.code == 0, "\(other.errors)")
        #expect(try await follower.stop().code == 0)
        #expect(try await leader.stop().code == 0)
    }

    @Test("flags of TLS that do not go together are wrong usage")
    func usage() async throws {
        let folder = try TemporaryFolder()
        let leader = ["leader", "--data", folder.path("l"), "--listen", "127.0.0.1:0"]
        for (arguments, word) in [
            (["status", "--cert", "x"], "--key"), (["status", "--key", "x"], "--cert"),
            (["status", "--cert", "x", "--key", "y"], "--ca"),
            (leader + ["--ca", "x"], "--cert"), (leader + ["--client-cn", "x"], "--ca"),
            (leader + ["--client-uri-san", "x"], "--ca"), (leader + ["--crl", "x"], "--ca"),
            (leader + ["--ca", "x", "--cert", "y", "--key", "z", "--client-cn", "a,,b"], "NAME"),
            (["leader", "--data", folder.path("l"), "--listen", "0.0.0.0:0"], "--ca"),
            (["certs", "init", "--dir", folder.path("c"), "--days", "0"], "days"),
        ] {
            let outcome = try await ChildProcess.run(arguments)
            #expect(outcome.code == 64, "\(arguments): \(outcome.errors)")
            #expect(
                outcome.errors.hasPrefix("error: usage: ") && outcome.errors.contains(word),
                "\(arguments): \(outcome.errors)")
        }
        let missing = try await ChildProcess.run(
            leader + ["--ca", "/nowhere/ca.pem", "--cert", "y", "--key", "z"])
        #expect(missing.code == 1 && missing.errors.hasPrefix("error: file-missing: "))
    }
}

/// A folder of certificates that `cattail certs` has made: of a node, of alice and of bob.
private struct Certs {
    let folder: TemporaryFolder
    var dir: String { folder.path("certs") }

    init() async throws {
        folder = try TemporaryFolder()
        let dir = folder.path("certs")
        for arguments in [
            ["init"], ["issue", "node", "--host", "localhost,127.0.0.1"], ["issue", "alice"],
            ["issue", "bob", "--uri", "spiffe://test/bob"],
        ] {
            let outcome = try await ChildProcess.run(["certs"] + arguments + ["--dir", dir])
            try #require(outcome.code == 0, "\(outcome.errors)")
        }
    }

    func path(_ name: String) -> String { dir + "/" + name }

    func flags(_ name: String) -> [String] {
        ["--ca", path("ca.pem"), "--cert", path(name + ".pem"), "--key", path(name + ".key")]
    }

    func environment(_ name: String, _ server: String) -> [String: String] {
        [
            "CATTAIL_SERVER": server, "CATTAIL_CA": path("ca.pem"),
            "CATTAIL_CERT": path(name + ".pem"), "CATTAIL_KEY": path(name + ".key"),
        ]
    }

    /// Asks until the answer is no.
    func refusal(of name: String, at server: String) async throws -> ProcessOutcome {
        var outcome: ProcessOutcome
        repeat {
            outcome = try await cattail("status", environment: environment(name, server))
        } while outcome.code == 0
        return outcome
    }
}
