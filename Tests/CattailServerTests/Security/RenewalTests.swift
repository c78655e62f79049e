import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import EndpointState
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Certificates read anew")
    struct Renewal {
        @Test("G13: certificates are replaced under load, and no connection is dropped")
        func rotation() async throws {
            let wallet = try Wallet()
            let folder = try TemporaryFolder()
            let log = RecordedLog()
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.logger = log.logger
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            let follower = try await TestNode.follower(in: folder.path("f"), of: leader.address) {
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            let client = EndpointClient(configuration: wallet.client("alice", leader.address))
            var agents: [Agent] = []
            for number in 0..<20 {
                let server = number < 10 ? leader.address : follower.address
                agents.append(await Agent.start(tls: wallet.files("alice"), server))
            }
            for agent in agents { try await agent.untilInSync() }
            var written: UInt64 = 1
            for round in 0..<5 {
                try wallet.issue("node", to: .node(names: ["localhost", "round-\(round)"]))
                try wallet.issue("alice", to: .client("alice"))
                for number in 0..<50 {
                    try await client.apply(
                        Sample.endpoint(number, labels: ["round": "\(round)"]))
                    written += 1
                }
                try await leader.renewCertificates()
                _ = try await log.line("certificates of round \(round)") {
                    $0.message == "certificates read"
                        && $0.facts["names"]?.contains("round-\(round)") == true
                }
                // Whoever comes now meets the new one.
                let late = EndpointClient(configuration: wallet.client("alice", leader.address))
                _ = try await late.get(Sample.key(1))
                await late.close()
            }
            for agent in agents {
                try await agent.until(seq: Seq(written))
                #expect(await agent.statuses.count { $0.isDisconnected } == 0)
                #expect(await agent.inSyncs.count == 1)
                await agent.close()
            }
            await client.close()
            try await follower.stop()
            try await leader.stop()
        }

        @Test("G13: whose certificate is revoked is told and closed, and the others go on")
        func revocation() async throws {
            let wallet = try Wallet()
            let folder = try TemporaryFolder()
            let list = try wallet.list(of: [], in: folder)
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.security = NodeSecurity(
                    files: wallet.files("node"), revocationLists: [list])
            }
            let alice = await Agent.start(tls: wallet.files("alice"), leader.address)
            let eve = await Agent.start(tls: wallet.files("eve"), leader.address)
            try await alice.untilInSync()
            try await eve.untilInSync()
            try wallet.list(of: ["eve"], in: folder)
            try await leader.renewCertificates()
            try await eve.until("told why") { agent in
                agent.statuses.contains {
                    guard case .goodbye("certificate-revoked", _) = $0 else { return false }
                    return true
                }
            }
            try await eve.until("ended") { $0.failure != nil }
            #expect((await eve.failure as? ClientError)?.code.rawValue == "certificate-revoked")
            // Taken back by mistake: the next list has nobody.
            try wallet.list(of: [], in: folder)
            try await leader.renewCertificates()
            let again = await Agent.start(tls: wallet.files("eve"), leader.address)
            try await again.untilInSync()
            #expect(await alice.statuses.count { $0.isDisconnected } == 0)
            for agent in [alice, eve, again] { await agent.close() }
            try await leader.stop()
        }

        @Test("G13: what cannot be used leaves in force what was read before, and is said once")
        func unusable() async throws {
            let wallet = try Wallet()
            let folder = try TemporaryFolder()
            let list = try wallet.list(of: ["eve"], in: folder)
            let log = RecordedLog()
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.logger = log.logger
                $0.security = NodeSecurity(
                    files: wallet.files("node"), revocationLists: [list])
            }
            for (file, text, code) in [
                ("node.key", "neither", "key-malformed"),
                ("node.pem", "neither", "certificate-malformed"),
                ("ca.pem", "", "certificate-malformed"),
            ] {
                try wallet.folder.write(text, to: file)
                try await leader.renewCertificates()
                _ = try await log.line("\(file) cannot be used") {
                    $0.level == "error" && $0.code == code
                        && $0.facts["reason"]?.contains(file) == true
                }
            }
            try folder.write("neither", to: "crl.pem")
            try await leader.renewCertificates()
            _ = try await log.line("the list cannot be used") {
                $0.level == "error" && $0.code == "revocation-list-malformed"
            }
            let before = log.lines.count { $0.level == "error" }
            try await leader.tick()
            try wallet.folder.write(wallet.authority.certificate, to: "theirs.pem")
            let eve = EndpointClient(
                configuration: wallet.client("eve", leader.address, ca: "theirs.pem"))
            let error = await #expect(throws: ClientError.self) {
                _ = try await eve.get(Sample.key(1))
            }
            #expect(error?.code.rawValue == "certificate-revoked")
            #expect(log.lines.count { $0.level == "error" } == before)
            await eve.close()
            try await leader.stop()
        }

        @Test("a change of the authority lets in whom the new one has issued to, and only those")
        func authorities() async throws {
            let wallet = try Wallet()
            let folder = try TemporaryFolder()
            let leader = try await TestNode.leader(in: folder.path("l")) {
                $0.security = NodeSecurity(files: wallet.files("node"))
            }
            let standing = await Agent.start(tls: wallet.files("alice"), leader.address)
            try await standing.untilInSync()
            let next = try CertificateAuthority(name: "next", validity: .now)
            try wallet.folder.write(next.certificate, to: "next.pem")
            try wallet.issue("bob", to: .client("bob"), by: next)
            try wallet.issue("node", to: .node(), by: next)
            try wallet.folder.write(next.certificate, to: "ca.pem")
            try await leader.renewCertificates()
            let bob = EndpointClient(
                configuration: wallet.client("bob", leader.address, ca: "next.pem"))
            try await bob.apply(Sample.endpoint(1))
            let alice = EndpointClient(
                configuration: wallet.client("alice", leader.address, ca: "next.pem"))
            let error = await #expect(throws: ClientError.self) {
                _ = try await alice.get(Sample.key(1))
            }
            #expect(error?.code.rawValue == "certificate-foreign")
            try await standing.until(seq: Seq(2))
            #expect(await standing.statuses.count { $0.isDisconnected } == 0)
            await standing.close()
            await bob.close()
            await alice.close()
            try await leader.stop()
        }
    }
}

extension SubscriptionStatus {
    var isDisconnected: Bool {
        switch self {
        case .disconnected, .goodbye: true
        case .connecting, .resync, .inSync, .stale, .behind, .digestDiffers, .unverified,
            .cacheUnusable:
            false
        }
    }
}
