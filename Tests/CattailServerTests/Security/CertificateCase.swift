import CattailServer
import SyncTransport

/// A client that meets a node, and what each of them says.
struct CertificateCase: Sendable, CustomStringConvertible {
    let description: String
    /// The node's; nil: plain TCP.
    var node: String? = "node"
    var nodeAuthority = "ca.pem"
    /// The client's certificate; nil: none.
    var client: String? = "alice"
    /// Nil: plain TCP.
    var clientAuthority: String? = "ca.pem"
    var clientKey: String?
    var host = "127.0.0.1"
    var commonNames: [String] = []
    var uris: [String] = []
    var revoked: [String] = []
    let outcome: Outcome

    enum Outcome: Sendable {
        /// The actor that the log of events shows.
        case letIn(as: String)
        /// The code of the client's error, a part of its text, and the code in the node's log.
        case refused(String, saying: String, nodeSays: String?)
    }

    static let all: [CertificateCase] = good + clients + nodes + mixed + files

    private static let good = [
        CertificateCase(description: "a common name", outcome: .letIn(as: "alice")),
        CertificateCase(
            description: "a URI and no name", client: "spiffe",
            outcome: .letIn(as: "spiffe://cluster/agent/alice")),
        CertificateCase(
            description: "a node reached by name", host: "localhost",
            outcome: .letIn(as: "alice")),
        CertificateCase(
            description: "a name on the list", commonNames: ["bob", "alice"],
            outcome: .letIn(as: "alice")),
        CertificateCase(
            description: "a name like one on the list", commonNames: ["a*e"],
            outcome: .letIn(as: "alice")),
        CertificateCase(
            description: "a URI like one on the list", client: "spiffe",
            commonNames: ["nobody"], uris: ["spiffe://cluster/*"],
            outcome: .letIn(as: "spiffe://cluster/agent/alice")),
        CertificateCase(
            description: "another one is revoked", revoked: ["eve"],
            outcome: .letIn(as: "alice")),
    ]

    private static let clients = [
        CertificateCase(
            description: "no certificate", client: nil,
            outcome: .refused(
                "certificate-required", saying: "wants a certificate",
                nodeSays: "certificate-required")),
        CertificateCase(
            description: "expired", client: "expired",
            outcome: .refused(
                "certificate-expired", saying: "expired.pem is not good any more",
                nodeSays: "certificate-expired")),
        CertificateCase(
            description: "not yet good", client: "early",
            outcome: .refused(
                "certificate-not-yet-valid", saying: "early.pem is not good yet",
                nodeSays: "certificate-not-yet-valid")),
        CertificateCase(
            description: "of another authority", client: "stranger-alice",
            outcome: .refused(
                "certificate-foreign", saying: "does not know the authority",
                nodeSays: "certificate-foreign")),
        CertificateCase(
            description: "of another authority of the same name", client: "impostor-alice",
            outcome: .refused(
                "certificate-foreign", saying: "does not know the authority",
                nodeSays: "certificate-foreign")),
        CertificateCase(
            description: "for servers only", client: "not-a-client",
            outcome: .refused(
                "certificate-purpose-other", saying: "it is for another purpose",
                nodeSays: "certificate-purpose-other")),
        CertificateCase(
            description: "without any name", client: "nameless",
            outcome: .refused(
                "certificate-nameless", saying: "neither a common name nor a URI",
                nodeSays: "certificate-nameless")),
        CertificateCase(
            description: "with a name that would write on terminals", client: "escape",
            outcome: .refused(
                "certificate-nameless", saying: "printable",
                nodeSays: "certificate-nameless")),
        CertificateCase(
            description: "with a name beyond the limit", client: "long",
            outcome: .refused(
                "certificate-nameless", saying: "253", nodeSays: "certificate-nameless")),
        CertificateCase(
            description: "of a name that is not on the list", client: "eve",
            commonNames: ["alice", "b*"],
            outcome: .refused(
                "not-allowed", saying: "'eve' may not connect", nodeSays: "not-allowed")),
        CertificateCase(
            description: "of a name that a listed one begins with", client: "alice",
            commonNames: ["alic", "lice", "Alice"],
            outcome: .refused(
                "not-allowed", saying: "'alice' may not connect", nodeSays: "not-allowed")),
        CertificateCase(
            description: "of a URI that is not on the list", client: "spiffe",
            uris: ["spiffe://other/*"],
            outcome: .refused(
                "not-allowed", saying: "may not connect", nodeSays: "not-allowed")),
        CertificateCase(
            description: "revoked", client: "alice", revoked: ["eve", "alice"],
            outcome: .refused(
                "certificate-revoked", saying: "is revoked", nodeSays: "certificate-revoked")),
    ]

    private static let nodes = [
        CertificateCase(
            description: "the node's is expired", node: "expired-node",
            outcome: .refused(
                "certificate-expired", saying: "expired at", nodeSays: "certificate-expired")),
        CertificateCase(
            description: "the node's is not yet good", node: "early-node",
            outcome: .refused(
                "certificate-not-yet-valid", saying: "is good from",
                nodeSays: "certificate-not-yet-valid")),
        CertificateCase(
            description: "the node's is of another authority", node: "stranger-node",
            outcome: .refused(
                "certificate-foreign", saying: "comes from no authority in",
                nodeSays: "certificate-foreign")),
        CertificateCase(
            description: "the node's is for clients only", node: "not-a-server",
            outcome: .refused(
                "certificate-purpose-other", saying: "is not one for servers",
                nodeSays: "certificate-purpose-other")),
        CertificateCase(
            description: "the node's is of another name", node: "other-node",
            outcome: .refused(
                "certificate-name-other", saying: "is for elsewhere.example, not for 127.0.0.1",
                nodeSays: "tls-failed")),
        CertificateCase(
            description: "the client trusts another authority", clientAuthority: "stranger.pem",
            outcome: .refused(
                "certificate-foreign", saying: "stranger.pem",
                nodeSays: "certificate-foreign")),
        CertificateCase(
            description: "the client trusts another authority of the same name",
            clientAuthority: "impostor.pem",
            outcome: .refused(
                "certificate-foreign", saying: "impostor.pem",
                nodeSays: "certificate-foreign")),
        CertificateCase(
            description: "the node trusts another authority", nodeAuthority: "stranger.pem",
            outcome: .refused(
                "certificate-foreign", saying: "does not know the authority",
                nodeSays: "certificate-foreign")),
    ]

    private static let mixed = [
        CertificateCase(
            description: "plain TCP to a node with TLS", clientAuthority: nil,
            outcome: .refused(
                "tls-required", saying: "speaks TLS, and this end does not",
                nodeSays: "tls-missing")),
        CertificateCase(
            description: "TLS to a node without", node: nil,
            outcome: .refused(
                "unreachable", saying: "closed the connection in the TLS handshake",
                nodeSays: nil)),
    ]

    private static let files = [
        CertificateCase(
            description: "the client's key is another's", clientKey: "eve.key",
            outcome: .refused(
                "key-mismatch", saying: "is not the one of", nodeSays: nil)),
        CertificateCase(
            description: "the client's key is encrypted", clientKey: "encrypted.key",
            outcome: .refused("key-malformed", saying: "is encrypted", nodeSays: nil)),
        CertificateCase(
            description: "the client's key is none", clientKey: "garbage.pem",
            outcome: .refused("key-malformed", saying: "holds no private key", nodeSays: nil)),
        CertificateCase(
            description: "the client's key is not there", clientKey: "nowhere",
            outcome: .refused("file-missing", saying: "is not there", nodeSays: nil)),
        CertificateCase(
            description: "the client's certificate is none", client: "garbage",
            clientKey: "alice.key",
            outcome: .refused(
                "certificate-malformed", saying: "holds no certificate", nodeSays: nil)),
        CertificateCase(
            description: "the client's authority is not there", clientAuthority: "nowhere.pem",
            outcome: .refused("file-missing", saying: "nowhere.pem", nodeSays: nil)),
        CertificateCase(
            description: "the client's authority is a folder", clientAuthority: ".",
            outcome: .refused("file-unreadable", saying: "is no file", nodeSays: nil)),
        CertificateCase(
            description: "the client's authority is none", clientAuthority: "garbage.pem",
            outcome: .refused(
                "certificate-malformed", saying: "garbage.pem", nodeSays: nil)),
    ]
}
