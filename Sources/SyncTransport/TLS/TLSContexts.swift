internal import EndpointModel
internal import NIOCore
internal import NIOSSL

/// What the files of TLS held when they were read: good for any number of connections.
package struct TLSContexts: Sendable {
    package let files: TLSFiles
    /// The trusted authorities, in DER.
    package let authorities: [[UInt8]]
    package let own: OwnCertificate?
    let forClients: NIOSSLContext
    /// Nil without a certificate of one's own.
    let forServers: NIOSSLContext?

    /// How long a close waits for the peer's word that it has everything. Frames say themselves
    /// where they end, so that nothing hangs on it.
    private static let shutdownTimeout = TimeAmount.milliseconds(500)

    /// Reads the files: away from event loops, for it takes milliseconds.
    package init(_ files: TLSFiles) throws(TLSFault) {
        self.files = files
        let trusted = try Self.certificates(in: files.authorities)
        do {
            authorities = try trusted.map { try $0.toDERBytes() }
        } catch {
            throw Self.malformed(files.authorities)
        }
        let own = try files.own.map { pair throws(TLSFault) in try OwnKeys(pair) }
        self.own = own.map { OwnCertificate($0.chain[0], path: $0.pair.certificate) }
        forClients = try Self.context(.makeClientConfiguration(), trusted, own, .fullVerification)
        forServers = try own.map { own throws(TLSFault) in
            let configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: [], privateKey: .privateKey(own.key))
            // Whoever dials has no name that could be compared: who may come, identities say.
            return try Self.context(configuration, trusted, own, .noHostnameVerification)
        }
    }

    private static func context(
        _ configuration: TLSConfiguration, _ trusted: [NIOSSLCertificate], _ own: OwnKeys?,
        _ verification: CertificateVerification
    ) throws(TLSFault) -> NIOSSLContext {
        var configuration = configuration
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = verification
        configuration.trustRoots = .certificates(trusted)
        configuration.shutdownTimeout = shutdownTimeout
        if let own {
            configuration.certificateChain = own.chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(own.key)
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            guard let pair = own?.pair else {
                throw TLSFault(.tlsFailed, "TLS cannot be set up: \(error)", "report it")
            }
            throw TLSFault(
                .keyMismatch, "the key in \(pair.key) is not the one of \(pair.certificate)",
                "name a certificate and the key that it was made for")
        }
    }

    fileprivate static func certificates(
        in path: String
    ) throws(TLSFault) -> [NIOSSLCertificate] {
        let bytes = try PEMFile.read(path)
        guard let found = try? NIOSSLCertificate.fromPEMBytes(bytes), !found.isEmpty else {
            throw malformed(path)
        }
        return found
    }

    private static func malformed(_ path: String) -> TLSFault {
        TLSFault(
            .certificateMalformed, "\(path) holds no certificate that can be read",
            "give one in PEM, which begins with -----BEGIN CERTIFICATE-----")
    }
}

/// A certificate with its key, as they were read.
private struct OwnKeys {
    let pair: TLSFiles.KeyPair
    /// Not empty: the end's own certificate, then the intermediate ones.
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey

    init(_ pair: TLSFiles.KeyPair) throws(TLSFault) {
        self.pair = pair
        chain = try TLSContexts.certificates(in: pair.certificate)
        let bytes = try PEMFile.read(pair.key)
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            let isEncrypted = String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED")
            throw TLSFault(
                .keyMalformed,
                isEncrypted
                    ? "the key in \(pair.key) is encrypted"
                    : "\(pair.key) holds no private key that can be read",
                "give one in PEM without a passphrase")
        }
        self.key = key
    }
}

extension OwnCertificate {
    fileprivate init(_ certificate: NIOSSLCertificate, path: String) {
        self.path = path
        validity = certificate.validity
        names = certificate.serverNames
    }
}
