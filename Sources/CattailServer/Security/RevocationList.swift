internal import EndpointModel
internal import SwiftASN1
internal import SyncTransport
internal import X509

/// Certificates that their authority has taken back, as its lists say (RFC 5280, 5).
struct RevokedCertificates: Hashable, Sendable {
    private var certificates: Set<CertificateNumber> = []

    var count: Int { certificates.count }

    func contains(_ number: CertificateNumber) -> Bool { certificates.contains(number) }

    mutating func add(_ list: RevocationList) {
        for serial in list.serials {
            certificates.insert(CertificateNumber(issuer: list.issuer, serial: serial))
        }
    }
}

/// What names one certificate among all.
struct CertificateNumber: Hashable, Sendable {
    /// As text without regard to capitals: the same name may be encoded in several ways, and one
    /// that is not recognized would let in whom the list keeps out.
    private let issuer: String
    private let serial: [UInt8]

    fileprivate init(issuer: String, serial: [UInt8]) {
        self.issuer = issuer
        self.serial = serial
    }

    /// Nil for what is no certificate, and then was not taken either.
    init?(_ certificate: PeerCertificate) {
        guard let certificate = try? Certificate(derEncoded: certificate.der) else { return nil }
        self.init(certificate)
    }

    init(_ certificate: Certificate) {
        issuer = Self.text(certificate.issuer)
        serial = Self.magnitude(certificate.serialNumber.bytes)
    }

    fileprivate static func text(_ name: DistinguishedName) -> String {
        "\(name)".lowercased()
    }

    /// Without the zero that keeps an INTEGER from being negative.
    fileprivate static func magnitude(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(bytes.drop { $0 == 0 })
    }
}

/// One list, whose signature is its authority's.
struct RevocationList: Hashable, Sendable {
    let issuer: String
    let serials: [[UInt8]]
    /// When the next one was promised; nil when it was not.
    let nextUpdate: Timestamp?
}

extension RevocationList {
    /// Reads a list and checks it.
    ///
    /// - Parameters:
    ///   - der: one `CertificateList`.
    ///   - path: the file that it comes from, for faults.
    init(der: [UInt8], path: String, authorities: [Certificate]) throws(TLSFault) {
        let parts: Parts
        do { parts = try Parts(der) } catch {
            throw TLSFault(
                .listMalformed, "\(path) holds no list of revoked certificates: \(error)",
                "give one in PEM, which begins with -----BEGIN X509 CRL-----")
        }
        let name = CertificateNumber.text(parts.issuer)
        let isGenuine = authorities.contains { authority in
            CertificateNumber.text(authority.subject) == name
                && authority.publicKey.isValidSignature(
                    parts.signature, for: parts.signedBytes, signatureAlgorithm: parts.algorithm)
        }
        guard isGenuine else {
            throw TLSFault(
                .listForeign, "the list in \(path) is not signed by an authority of --ca",
                "name that authority's certificate in --ca as well")
        }
        issuer = name
        serials = parts.serials
        nextUpdate = parts.nextUpdate
    }

    /// The fields that matter, before anything was checked.
    private struct Parts {
        let signedBytes: ArraySlice<UInt8>
        let algorithm: Certificate.SignatureAlgorithm
        let signature: ArraySlice<UInt8>
        let issuer: DistinguishedName
        let nextUpdate: Timestamp?
        let serials: [[UInt8]]

        init(_ der: [UInt8]) throws {
            let root = try DER.parse(der)
            (signedBytes, algorithm, signature) = try DER.sequence(root, identifier: .sequence) {
                nodes in
                guard let list = nodes.next() else { throw Malformed() }
                let algorithm = try Self.algorithm(&nodes)
                return (list.encodedBytes, algorithm, try ASN1BitString(derEncoded: &nodes).bytes)
            }
            let list = try DER.parse(signedBytes)
            (issuer, nextUpdate, serials) = try DER.sequence(list, identifier: .sequence) {
                nodes in
                // Version 1 says nothing of its version.
                let version: Int? = try DER.optional(&nodes, .integer)
                guard version ?? 1 <= 1 else { throw Malformed() }
                _ = nodes.next()
                guard let name = nodes.next() else { throw Malformed() }
                let issuer = try DistinguishedName(derEncoded: name)
                guard try Timestamp.read(&nodes) != nil else { throw Malformed() }
                let nextUpdate = try Timestamp.read(&nodes)
                let serials = try Self.serials(&nodes)
                // Extensions: of those that could make it another kind of list none is taken.
                while let rest = nodes.next() {
                    guard rest.encodedBytes.firstRange(of: Self.deltaIndicator) == nil else {
                        throw Malformed()
                    }
                }
                return (issuer, nextUpdate, serials)
            }
        }

        /// id-ce-deltaCRLIndicator: a list that leaves out what an earlier one has.
        private static let deltaIndicator: [UInt8] = [0x55, 0x1D, 0x1B]

        private static func serials(
            _ nodes: inout ASN1NodeCollection.Iterator
        ) throws -> [[UInt8]] {
            var ahead = nodes
            guard let next = ahead.next(), next.identifier == .sequence else { return [] }
            nodes = ahead
            guard case .constructed(let entries) = next.content else { throw Malformed() }
            return try entries.map { entry in
                try DER.sequence(entry, identifier: .sequence) { fields in
                    guard let serial = fields.next(), serial.identifier == .integer,
                        case .primitive(let bytes) = serial.content
                    else { throw Malformed() }
                    while fields.next() != nil {}
                    return CertificateNumber.magnitude(bytes)
                }
            }
        }

        private static func algorithm(
            _ nodes: inout ASN1NodeCollection.Iterator
        ) throws -> Certificate.SignatureAlgorithm {
            guard let node = nodes.next() else { throw Malformed() }
            return try DER.sequence(node, identifier: .sequence) { fields in
                let name = try ASN1ObjectIdentifier(derEncoded: &fields)
                while fields.next() != nil {}
                guard let known = Self.algorithms[name] else { throw Malformed() }
                return known
            }
        }

        private static let algorithms: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
            [1, 2, 840, 10045, 4, 3, 2]: .ecdsaWithSHA256,
            [1, 2, 840, 10045, 4, 3, 3]: .ecdsaWithSHA384,
            [1, 2, 840, 10045, 4, 3, 4]: .ecdsaWithSHA512,
            [1, 2, 840, 113549, 1, 1, 11]: .sha256WithRSAEncryption,
            [1, 2, 840, 113549, 1, 1, 12]: .sha384WithRSAEncryption,
            [1, 2, 840, 113549, 1, 1, 13]: .sha512WithRSAEncryption,
            [1, 3, 101, 112]: .ed25519,
        ]
    }

    private struct Malformed: Error, CustomStringConvertible {
        let description = "a field is missing, unknown or of another kind"
    }
}

extension DER {
    /// The next node's value, if it is of that kind.
    fileprivate static func optional<Value: DERParseable>(
        _ nodes: inout ASN1NodeCollection.Iterator, _ identifier: ASN1Identifier
    ) throws -> Value? {
        var ahead = nodes
        guard let next = ahead.next(), next.identifier == identifier else { return nil }
        nodes = ahead
        return try Value(derEncoded: next)
    }
}

extension Timestamp {
    /// `Time` of RFC 5280, 4.1: one of two kinds; nil when the next node is neither.
    fileprivate static func read(
        _ nodes: inout ASN1NodeCollection.Iterator
    ) throws -> Timestamp? {
        let text: String
        if let short: UTCTime = try DER.optional(&nodes, .utcTime) {
            text = rfc3339(
                short.year, short.month, short.day, short.hours, short.minutes, short.seconds)
        } else if let long: GeneralizedTime = try DER.optional(&nodes, .generalizedTime) {
            text = rfc3339(
                long.year, long.month, long.day, long.hours, long.minutes, long.seconds)
        } else {
            return nil
        }
        return Timestamp(rfc3339: text)
    }

    private static func rfc3339(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2) + "Z"
    }
}
