import CattailServer
import CattailTestKit
import EndpointModel
import Foundation
import SyncTransport

/// A folder with an authority and what it has issued, good and bad.
struct Wallet: Sendable {
    let folder: TemporaryFolder
    let authority: CertificateAuthority
    /// Another one, which nobody trusts, of the same name.
    let impostor: CertificateAuthority

    init() throws {
        folder = try TemporaryFolder()
        authority = try CertificateAuthority(name: "test", validity: .now)
        impostor = try CertificateAuthority(name: "test", validity: .now)
        try folder.write(authority.certificate, to: "ca.pem")
        try folder.write(impostor.certificate, to: "impostor.pem")
        let stranger = try CertificateAuthority(name: "stranger", validity: .now)
        try folder.write(stranger.certificate, to: "stranger.pem")
        try issue("node", to: .node())
        try issue("alice", to: .client("alice"))
        try issue("expired", to: .client("alice", .past))
        try issue("early", to: .client("alice", .future))
        try issue("impostor-alice", to: .client("alice"), by: impostor)
        try issue("stranger-alice", to: .client("alice"), by: stranger)
        try issue("eve", to: .client("eve"))
        try issue("nameless", to: .client(nil))
        try issue("escape", to: .client("al\u{1B}[2Jice"))
        try issue("long", to: .client(String(repeating: "a", count: 254)))
        var spiffe = CertificateAuthority.Request.client(nil)
        spiffe.uris = ["spiffe://cluster/agent/alice"]
        try issue("spiffe", to: spiffe)
        try issue("not-a-client", to: .node(purposes: [.server]))
        try issue("not-a-server", to: .node(purposes: [.client]))
        try issue("expired-node", to: .node(validity: .past))
        try issue("early-node", to: .node(validity: .future))
        try issue("stranger-node", to: .node(), by: stranger)
        try issue("other-node", to: .node(addresses: [], names: ["elsewhere.example"]))
        try folder.write("neither\n", to: "garbage.pem")
        try folder.write(
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            to: "encrypted.key")
    }

    func issue(
        _ name: String, to request: CertificateAuthority.Request,
        by issuer: CertificateAuthority? = nil
    ) throws {
        let issued = try (issuer ?? authority).issue(request)
        try folder.write(issued.certificate, to: name + ".pem")
        try folder.write(issued.key, to: name + ".key")
    }

    /// Writes a list anew.
    @discardableResult
    func list(
        of names: [String], by issuer: CertificateAuthority? = nil, in folder: TemporaryFolder
    ) throws -> String {
        let certificates = try names.map {
            try String(contentsOf: self.folder.url($0 + ".pem"), encoding: .utf8)
        }
        let list = try (issuer ?? authority).revocationList(
            of: certificates, at: .wall, nextUpdate: .wall + 3_600)
        try folder.write(list, to: "crl.pem")
        return folder.path("crl.pem")
    }

    func files(_ name: String?, ca: String = "ca.pem", key: String? = nil) -> TLSFiles {
        TLSFiles(
            authorities: folder.path(ca),
            own: name.map { name in
                TLSFiles.KeyPair(
                    certificate: folder.path(name + ".pem"),
                    key: folder.path(key ?? name + ".key"))
            })
    }
}

extension CertificateAuthority.Request {
    static func client(
        _ name: String?, _ validity: CertificateValidity = .now
    ) -> CertificateAuthority.Request {
        CertificateAuthority.Request(commonName: name, validity: validity)
    }

    static func node(
        purposes: Set<CertificateAuthority.Purpose> = [.client, .server],
        validity: CertificateValidity = .now, addresses: [String] = ["127.0.0.1", "::1"],
        names: [String] = ["localhost"]
    ) -> CertificateAuthority.Request {
        var request = CertificateAuthority.Request(commonName: "node", validity: validity)
        request.purposes = purposes
        request.addresses = addresses
        request.dnsNames = names
        return request
    }
}

extension CertificateValidity {
    static var now: CertificateValidity { around(.wall) }
    static var past: CertificateValidity { around(.wall + -864_000) }
    static var future: CertificateValidity { around(.wall + 864_000) }

    private static func around(_ time: Timestamp) -> CertificateValidity {
        CertificateValidity(notBefore: time + -86_400, notAfter: time + 86_400)
    }
}

extension Timestamp {
    /// Whole seconds of the clock that TLS judges by.
    static var wall: Timestamp { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) }

    static func + (time: Timestamp, seconds: Int64) -> Timestamp {
        Timestamp(microseconds: time.microseconds + seconds * 1_000_000)
    }
}
