internal import Crypto
internal import EndpointModel
internal import Foundation
internal import SwiftASN1
package import SyncTransport
internal import X509

/// An authority that makes certificates for development and tests. Its key lies in a file beside
/// them: a real cluster has an authority that looks after its key.
package struct CertificateAuthority: Sendable {
    /// PEM.
    package let certificate: String
    /// PEM, not encrypted.
    package let key: String
    let subject: DistinguishedName
    let signer: P256.Signing.PrivateKey

    /// A certificate and its key, both PEM.
    package struct Issued: Sendable {
        package let certificate: String
        package let key: String
    }

    /// What a certificate is to say.
    package struct Request: Hashable, Sendable {
        package var commonName: String?
        package var dnsNames: [String] = []
        /// IPv4 and IPv6 addresses.
        package var addresses: [String] = []
        package var uris: [String] = []
        package var purposes: Set<Purpose> = [.client]
        package var validity: CertificateValidity

        package init(commonName: String?, validity: CertificateValidity) {
            self.commonName = commonName
            self.validity = validity
        }
    }

    /// What a certificate may be shown as.
    package enum Purpose: Hashable, Sendable {
        case client
        case server
    }

    /// A new one.
    package init(name: String, validity: CertificateValidity) throws {
        let signer = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName(name) }
        let own = Certificate.PublicKey(signer.publicKey)
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: own,
            notValidBefore: validity.notBefore.date, notValidAfter: validity.notAfter.date,
            issuer: subject, subject: subject,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: own)
            }, issuerPrivateKey: Certificate.PrivateKey(signer))
        self.certificate = try certificate.serializeAsPEM().pemString + "\n"
        key = signer.pemRepresentation + "\n"
        self.subject = subject
        self.signer = signer
    }

    /// One whose files are there.
    package init(certificate: String, key: String) throws {
        self.certificate = certificate
        self.key = key
        subject = try Certificate(pemEncoded: certificate).subject
        signer = try P256.Signing.PrivateKey(pemRepresentation: key)
    }

    /// A certificate with a key of its own.
    package func issue(_ request: Request) throws -> Issued {
        let key = P256.Signing.PrivateKey()
        let names = try request.names
        let usages = request.purposes.map(\.usage)
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: request.validity.notBefore.date,
            notValidAfter: request.validity.notAfter.date, issuer: subject,
            subject: try DistinguishedName {
                if let name = request.commonName { CommonName(name) }
            },
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage(usages)
                AuthorityKeyIdentifier(keyIdentifier: keyIdentifier)
                if !names.isEmpty { SubjectAlternativeNames(names) }
            }, issuerPrivateKey: Certificate.PrivateKey(signer))
        return Issued(
            certificate: try certificate.serializeAsPEM().pemString + "\n",
            key: key.pemRepresentation + "\n")
    }

    private var keyIdentifier: ArraySlice<UInt8> {
        SubjectKeyIdentifier(hash: Certificate.PublicKey(signer.publicKey)).keyIdentifier
    }
}

extension CertificateAuthority.Purpose {
    fileprivate var usage: ExtendedKeyUsage.Usage {
        switch self {
        case .client: .clientAuth
        case .server: .serverAuth
        }
    }
}

extension CertificateAuthority.Request {
    fileprivate var names: [GeneralName] {
        get throws {
            dnsNames.map { .dnsName($0) } + uris.map { .uniformResourceIdentifier($0) }
                + (try addresses.map { address in
                    guard let bytes = IPAddress(address)?.networkBytes else {
                        throw TLSFault(
                            .certificateMalformed, "'\(address)' is no IP address",
                            "write it as 10.0.0.1 or fd00::1")
                    }
                    return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
                })
        }
    }
}

extension IPAddress {
    /// As certificates have them: 4 or 16.
    fileprivate var networkBytes: [UInt8] {
        let all = [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
        }
        return family == .ipv4 ? Array(all.suffix(4)) : all
    }
}

extension Timestamp {
    var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    init(_ date: Date) { self.init(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000)) }
}
