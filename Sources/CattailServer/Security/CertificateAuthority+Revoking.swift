internal import Crypto
package import EndpointModel
internal import Foundation
internal import SwiftASN1
internal import X509

extension CertificateAuthority {
    /// A list of revoked certificates in PEM (RFC 5280, 5.1), version 1: it has no extensions.
    ///
    /// - Parameters:
    ///   - certificates: those that are revoked, PEM.
    ///   - nextUpdate: when the next list is promised.
    package func revocationList(
        of certificates: [String], at now: Timestamp, nextUpdate: Timestamp
    ) throws -> String {
        let serials = try certificates.map { try Certificate(pemEncoded: $0).serialNumber.bytes }
        var list = DER.Serializer()
        try list.appendConstructedNode(identifier: .sequence) { list in
            try Self.appendAlgorithm(to: &list)
            try list.serialize(subject)
            try list.serialize(now.utc)
            try list.serialize(nextUpdate.utc)
            // An empty sequence may not stand there (5.1.2.6).
            guard !serials.isEmpty else { return }
            try list.appendConstructedNode(identifier: .sequence) { list in
                for serial in serials {
                    try list.appendConstructedNode(identifier: .sequence) { entry in
                        entry.appendPrimitiveNode(identifier: .integer) { bytes in
                            // Positive, whatever its first bit.
                            if serial.first ?? 0 >= 0x80 { bytes.append(0) }
                            bytes += serial
                        }
                        try entry.serialize(now.utc)
                    }
                }
            }
        }
        let signed = list.serializedBytes
        let signature = try signer.signature(for: signed).derRepresentation
        var document = DER.Serializer()
        try document.appendConstructedNode(identifier: .sequence) { document in
            document.serializeRawBytes(signed)
            try Self.appendAlgorithm(to: &document)
            try document.serialize(ASN1BitString(bytes: Array(signature)[...]))
        }
        return PEMDocument(type: "X509 CRL", derBytes: document.serializedBytes).pemString + "\n"
    }

    /// ecdsa-with-SHA256, without parameters (RFC 5758, 3.2).
    private static func appendAlgorithm(to coder: inout DER.Serializer) throws {
        try coder.appendConstructedNode(identifier: .sequence) { algorithm in
            try algorithm.serialize([1, 2, 840, 10045, 4, 3, 2] as ASN1ObjectIdentifier)
        }
    }
}

extension Timestamp {
    /// Good for the years 1950 to 2049; a development authority's certificates do not live longer.
    fileprivate var utc: UTCTime {
        get throws {
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = .gmt
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second], from: date)
            return try UTCTime(
                year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0,
                hours: parts.hour ?? 0, minutes: parts.minute ?? 0, seconds: parts.second ?? 0)
        }
    }
}
