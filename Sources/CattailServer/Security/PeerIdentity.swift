internal import EndpointModel
internal import SwiftASN1
internal import SyncProtocol
internal import SyncTransport
internal import X509

/// Who a certificate says that its holder is.
struct PeerIdentity: Hashable, Sendable {
    /// Of the subject: the most specific one, which is the last.
    let commonName: String?
    /// Of the subject's alternative names, such as SPIFFE IDs.
    let uris: [String]
    let number: CertificateNumber
    /// What the log and `status` show: one of the two, never empty.
    let name: String

    /// - Throws: `certificate-nameless` when it has no name of either kind that can be shown.
    init(_ certificate: PeerCertificate) throws(TLSFault) {
        guard let certificate = try? Certificate(derEncoded: certificate.der) else {
            throw Self.nameless
        }
        number = CertificateNumber(certificate)
        commonName =
            certificate.subject.lazy.flatMap { $0 }
            .filter { $0.type == .RDNAttributeType.commonName }
            .compactMap { String($0.value) }.last
        let names = (try? certificate.extensions.subjectAlternativeNames).flatMap { $0 }
        uris = (names ?? SubjectAlternativeNames()).compactMap { name in
            guard case .uniformResourceIdentifier(let uri) = name else { return nil }
            return uri
        }
        let known = [commonName].compactMap(\.self) + uris
        guard let name = known.first(where: Self.canBeShown) else { throw Self.nameless }
        self.name = name
    }

    var forRights: Identity { .proven(commonName: commonName, uris: uris) }

    private static let nameless = TLSFault(
        .certificateNameless,
        "the client's certificate has neither a common name nor a URI of 1 to "
            + "\(Limits.nameBytes) printable bytes",
        "give it a certificate with one of them")

    /// It goes into the log of events and onto terminals.
    private static func canBeShown(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= Limits.nameBytes
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
