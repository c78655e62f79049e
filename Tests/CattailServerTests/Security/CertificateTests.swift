import CattailClient
import CattailServer
import CattailTestKit
import EndpointModel
import SyncTransport
import Testing

extension ServerTests {
    @Suite("Certificates")
    struct Certificates {
        private static let wallet = Result { try Wallet() }

        @Test(
            "G13: who may come in comes in, and both ends say why another may not",
            arguments: CertificateCase.all)
        func meeting(_ meeting: CertificateCase) async throws {
            let wallet = try Self.wallet.get()
            let lists = try TemporaryFolder()
            let log = RecordedLog()
            let node = try await TestNode.leader(in: lists.path("leader")) { configuration in
                configuration.logger = log.logger
                configuration.security = try? meeting.security(wallet, lists)
            }
            let client = EndpointClient(
                configuration: meeting.configuration(wallet, port: node.address.port))
            switch meeting.outcome {
            case .letIn(let actor):
                try await client.apply(Sample.endpoint(1))
                let audit = try await client.log().collect().elements.last?.record.audit()
                #expect(audit?.actor == actor)
                #expect(audit?.actorProof == .certificate)
            case .refused(let code, let words, let nodeCode):
                let error = await #expect(throws: ClientError.self) {
                    try await client.apply(Sample.endpoint(1))
                }
                #expect(error?.code.rawValue == code, "\(String(describing: error))")
                #expect(error?.message.contains(words) == true, "\(String(describing: error))")
                if let nodeCode {
                    _ = try await log.line("rejected with \(nodeCode)") {
                        $0.message == "connection rejected" && $0.code == nodeCode
                    }
                }
            }
            await client.close()
            try await node.stop()
        }

        @Test(
            "G13: a node does not start with files that do not fit together",
            arguments: [
                ("nowhere", "ca.pem", "node.key", nil, "file-missing"),
                ("node", "nowhere.pem", "node.key", nil, "file-missing"),
                ("garbage", "ca.pem", "node.key", nil, "certificate-malformed"),
                ("node", "garbage.pem", "node.key", nil, "certificate-malformed"),
                ("node", "ca.pem", "garbage.pem", nil, "key-malformed"),
                ("node", "ca.pem", "alice.key", nil, "key-mismatch"),
                ("node", "ca.pem", "node.key", "nowhere.pem", "file-missing"),
                ("node", "ca.pem", "node.key", "garbage.pem", "revocation-list-malformed"),
                ("node", "ca.pem", "node.key", "node.pem", "revocation-list-malformed"),
                ("node", "ca.pem", "node.key", "theirs", "revocation-list-foreign"),
            ] as [(String, String, String, String?, String)])
        func unusableFiles(
            certificate: String, ca: String, key: String, list: String?, code: String
        ) async throws {
            let wallet = try Self.wallet.get()
            let folder = try TemporaryFolder()
            let lists = try list.map { name in
                name == "theirs"
                    ? try wallet.list(of: ["eve"], by: wallet.impostor, in: folder)
                    : wallet.folder.path(name)
            }
            let security = NodeSecurity(
                files: wallet.files(certificate, ca: ca, key: key),
                revocationLists: [lists].compactMap(\.self))
            let fault = await #expect(throws: TLSFault.self) {
                _ = try await TestNode.leader(in: folder.path("leader")) {
                    $0.security = security
                }
            }
            #expect(fault?.code.rawValue == code, "\(String(describing: fault))")
        }

        @Test("a node whose own certificate is not good now says so when it starts")
        func ownExpired() async throws {
            let wallet = try Self.wallet.get()
            for (name, code) in [
                ("expired-node", "certificate-expired"),
                ("early-node", "certificate-not-yet-valid"),
            ] {
                let folder = try TemporaryFolder()
                let log = RecordedLog()
                let node = try await TestNode.leader(in: folder.path("leader")) {
                    $0.logger = log.logger
                    $0.security = NodeSecurity(files: wallet.files(name))
                }
                _ = try await log.line("a warning of \(code)") {
                    $0.level == "warning" && $0.code == code
                }
                try await node.stop()
            }
        }
    }
}

extension CertificateCase {
    func security(_ wallet: Wallet, _ lists: TemporaryFolder) throws -> NodeSecurity? {
        guard let node else { return nil }
        var guests = GuestList()
        guests.commonNames = commonNames.compactMap { NamePattern($0) }
        guests.uris = uris.compactMap { NamePattern($0) }
        return NodeSecurity(
            files: wallet.files(node, ca: nodeAuthority), guests: guests,
            revocationLists: try revoked.isEmpty ? [] : [wallet.list(of: revoked, in: lists)])
    }

    func configuration(_ wallet: Wallet, port: UInt16) -> ClientConfiguration {
        var configuration = ClientConfiguration.test(ServerAddress(host: host, port: port))
        configuration.timeout = .seconds(3)
        configuration.tls = clientAuthority.map {
            wallet.files(client, ca: $0, key: clientKey)
        }
        return configuration
    }
}
