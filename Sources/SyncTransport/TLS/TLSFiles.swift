/// Where the files of TLS lie, all of them PEM. They may be replaced at any time: connections that
/// stand go on, later ones are made with what the files hold then.
public struct TLSFiles: Hashable, Sendable {
    /// The certificates of the authorities that peers' certificates must come from.
    public var authorities: String
    /// What this end shows; nil: nothing, which no Cattail server with TLS takes.
    public var own: KeyPair?

    /// A certificate, followed by the intermediate ones if there are any, and its private key.
    public struct KeyPair: Hashable, Sendable {
        /// The path of the certificate.
        public var certificate: String
        /// The path of its key. It is not encrypted: whoever can read the passphrase can read the key.
        public var key: String

        /// By their paths.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// By their paths.
    public init(authorities: String, own: KeyPair? = nil) {
        self.authorities = authorities
        self.own = own
    }

    var paths: [String] { [authorities] + (own.map { [$0.certificate, $0.key] } ?? []) }
}
