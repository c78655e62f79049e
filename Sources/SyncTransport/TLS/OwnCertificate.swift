package import EndpointModel
internal import NIOSSL

/// What the end of a connection that shows a certificate knows of it.
package struct OwnCertificate: Hashable, Sendable {
    /// The file that it was read from.
    package let path: String
    package let validity: CertificateValidity
    /// The names and addresses that it is good for as a server's.
    package let names: [String]
}

/// From when to when a certificate is good, in whole seconds.
package struct CertificateValidity: Hashable, Sendable {
    package let notBefore: Timestamp
    package let notAfter: Timestamp

    /// Whether it is good at a moment.
    package enum Standing: Hashable, Sendable {
        case notYet
        case now
        case noMore
    }

    package init(notBefore: Timestamp, notAfter: Timestamp) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    package func standing(at time: Timestamp) -> Standing {
        if time < notBefore { return .notYet }
        return time > notAfter ? .noMore : .now
    }
}

extension NIOSSLCertificate {
    var validity: CertificateValidity {
        CertificateValidity(
            notBefore: Timestamp(saturatingSeconds: notValidBefore),
            notAfter: Timestamp(saturatingSeconds: notValidAfter))
    }

    /// DNS names and IP addresses of the subject, as people write them.
    var serverNames: [String] {
        _subjectAlternativeNames().compactMap { name in
            switch name.nameType {
            case .dnsName: String(decoding: name.contents, as: UTF8.self)
            case .ipAddress: NetworkText.address(of: Array(name.contents))
            default: nil
            }
        }
    }
}

extension Timestamp {
    /// Certificates may name any year: what a timestamp cannot hold is as good as its bound.
    init(saturatingSeconds seconds: Int) {
        let product = seconds.multipliedReportingOverflow(by: 1_000_000)
        let bound: Int64 = seconds < 0 ? .min : .max
        self.init(microseconds: product.overflow ? bound : Int64(product.partialValue))
    }
}
