import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import SyncTransport
import Testing

extension ServerTests {
    @Suite("A tree under TLS")
    struct SecuredTree {
        private static let wallet = Result { try Wallet() }

        @Test("G4, G6, G13: followers replicate over TLS, and a write finds the leader over it")
        func tree() async throws {
            let wallet = try Self.wallet.get()
            let folder = try TemporaryFolder()
            let security = NodeSecurity(files: wallet.files("node"))
            let leader = try await TestNode.leader(in: folder.path("l")) { $0.security = security }
            let middle = try await TestNode.follower(in: folder.path("m"), of: leader.address) {
                $0.security = security
            }
            let leaf = try await TestNode.follower(in: folder.path("f"), of: middle.address) {
                $0.security = security
            }
            let client = EndpointClient(configuration: wallet.client("alice", leaf.address))
            for number in 0..<50 { try await client.apply(Sample.endpoint(number)) }
            let agent = await Agent.start(tls: wallet.files("alice"), leaf.address)
            try await agent.untilInSync()
            try await agent.until(seq: Seq(51))
            #expect(await agent.held.count == 50)
            await agent.close()
            await client.close()
            for node in [leaf, middle, leader] { try await node.stop() }
        }

        @Test(
            "G13: a follower does not follow an upstream that it should not trust, and says why",
            arguments: [
                ("other-node", "certificate-name-other"), ("expired-node", "certificate-expired"),
                ("early-node", "certificate-not-yet-valid"),
                ("stranger-node", "certificate-foreign"),
                ("not-a-server", "certificate-purpose-other"),
            ])
        func badUpstream(certificate: String, code: String) async throws {
            let wallet = try Self.wallet.get()
            let folder = try TemporaryFolder()
            // It has a log of its own, so that it serves without its upstream.
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address) {
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            try await follower.stop()
            try await leader.stop()
            let bad = try await TestNode.leader(in: folder.path("l")) {
                $0.security = NodeSecurity(files: wallet.files(certificate))
            }
            let log = RecordedLog()
            let again = try await TestNode.follower(in: folder.path("f"), of: bad.address) {
                $0.logger = log.logger
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            _ = try await log.line("the upstream is \(code)") {
                $0.message == "upstream link ended" && $0.facts["reason"]?.hasPrefix(code) == true
            }
            try await again.stop()
            try await bad.stop()
        }

        @Test("G13: a follower that the leader does not let in says why, and comes back")
        func refusedFollower() async throws {
            let wallet = try Self.wallet.get()
            let folder = try TemporaryFolder()
            var guests = GuestList()
            guests.commonNames = ["alice"].compactMap { NamePattern($0) }
            let open = NodeSecurity(files: wallet.files("node"))
            let leader = try await TestNode.leader(in: folder.path("l")) { $0.security = open }
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address) {
                $0.security = open
            }
            try await follower.stop()
            try await leader.stop()
            let strict = try await TestNode.leader(in: folder.path("l")) {
                $0.security = NodeSecurity(files: wallet.files("node"), guests: guests)
            }
            let log = RecordedLog()
            let again = try await TestNode.follower(in: folder.path("f"), of: strict.address) {
                $0.logger = log.logger
                $0.security = open
            }
            _ = try await log.line("it is not let in") {
                $0.facts["reason"]?.contains("not-allowed") == true
                    || $0.facts["reason"]?.contains("may not connect") == true
            }
            let port = strict.address.port
            try await strict.stop()
            let lenient = try await TestNode.leader(in: folder.path("l"), port: port) {
                $0.security = open
            }
            _ = try await log.line("followed") { $0.message == "upstream followed" }
            try await again.stop()
            try await lenient.stop()
        }

        @Test("G13: a follower leaves an upstream whose certificate is on its own list")
        func revokedUpstream() async throws {
            let wallet = try Self.wallet.get()
            let folder = try TemporaryFolder()
            let security = NodeSecurity(files: wallet.files("node"))
            let leader = try await TestNode.leader(in: folder.path("l")) { $0.security = security }
            let list = try wallet.list(of: ["eve"], in: folder)
            let log = RecordedLog()
            try wallet.issue("leaf", to: .node())
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address) {
                $0.logger = log.logger
                $0.security = NodeSecurity(
                    files: wallet.files("leaf"), revocationLists: [list])
            }
            _ = try await log.line("followed") { $0.message == "upstream followed" }
            try wallet.list(of: ["node"], in: folder)
            _ = try await log.line("left") {
                $0.facts["reason"]?.hasPrefix("certificate-revoked") == true
            }
            try await follower.stop()
            try await leader.stop()
        }
    }
}

extension Wallet {
    func client(
        _ name: String, _ server: ServerAddress, ca: String = "ca.pem"
    ) -> ClientConfiguration {
        var configuration = ClientConfiguration.test(server)
        configuration.tls = files(name, ca: ca)
        return configuration
    }
}
