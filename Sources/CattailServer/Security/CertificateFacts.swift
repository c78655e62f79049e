internal import Crypto
internal import EndpointModel
internal import SwiftASN1
package import SyncTransport
internal import X509

/// What a certificate says, for people.
package struct CertificateFacts: Hashable, Sendable {
    package let subject: String
    package let issuer: String
    /// Hexadecimal.
    package let serial: String
    /// DNS names, IP addresses and URIs.
    package let names: [String]
    /// `server`, `client`, or the object identifier of another one; empty: good for any.
    package let purposes: [String]
    package let validity: CertificateValidity
    /// SHA-256 of its DER, as other tools show it.
    package let fingerprint: String

    /// Every certificate in a file of PEM.
    package static func all(in path: String) throws(TLSFault) -> [CertificateFacts] {
        let text = String(decoding: try PEMFile.read(path), as: UTF8.self)
        let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []
        let found = documents.filter { $0.discriminator == "CERTIFICATE" }
            .compactMap { document -> CertificateFacts? in
                let certificate = try? Certificate(derEncoded: document.derBytes)
                return certificate.map { CertificateFacts($0, der: document.derBytes) }
            }
        guard !found.isEmpty else {
            throw TLSFault(
                .certificateMalformed, "\(path) holds no certificate that can be read",
                "give one in PEM, which begins with -----BEGIN CERTIFICATE-----")
        }
        return found
    }

    private init(_ certificate: Certificate, der: [UInt8]) {
        subject = "\(certificate.subject)"
        issuer = "\(certificate.issuer)"
        serial = Hexadecimal.text(Array(certificate.serialNumber.bytes))
        names = ((try? certificate.extensions.subjectAlternativeNames).flatMap { $0 } ?? .init())
            .compactMap { Self.text($0) }
        let usages = (try? certificate.extensions.extendedKeyUsage).flatMap { $0 }
        purposes = (usages ?? ExtendedKeyUsage()).map { Self.text($0) }
        validity = CertificateValidity(
            notBefore: Timestamp(certificate.notValidBefore),
            notAfter: Timestamp(certificate.notValidAfter))
        fingerprint = Hexadecimal.text(Array(SHA256.hash(data: der)))
    }

    private static func text(_ name: GeneralName) -> String? {
        switch name {
        case .dnsName(let name): name
        case .uniformResourceIdentifier(let uri): uri
        case .rfc822Name(let address): address
        case .ipAddress(let bytes): NetworkText.address(of: Array(bytes.bytes))
        case .otherName, .x400Address, .directoryName, .ediPartyName, .registeredID: nil
        }
    }

    private static func text(_ usage: ExtendedKeyUsage.Usage) -> String {
        switch usage {
        case .serverAuth: "server"
        case .clientAuth: "client"
        default: "\(usage)"
        }
    }
}
