internal import EndpointModel
internal import Glibc
package import NIOCore
internal import NIOSSL

/// One end of a connection under TLS, and what it needs to say what went wrong with it.
package struct TLSEnd: Sendable {
    /// Which end this is.
    package enum Side: Hashable, Sendable {
        /// It dialed this address, and wants the certificate of that name.
        case dialer(ServerAddress)
        /// It was dialed, and wants a certificate of any name.
        case listener
    }

    package let side: Side
    package let contexts: TLSContexts
    /// How long the handshake may take: a stranger costs no more than that (G12).
    let patience: TimeAmount

    package init(_ side: Side, _ contexts: TLSContexts, patience: TimeAmount) {
        self.side = side
        self.contexts = contexts
        self.patience = patience
    }

    /// The clock that TLS itself judges certificates by.
    var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(saturatingSeconds: time.tv_sec)
    }
}

/// The certificate that the peer has shown; its chain was verified when the connection stands.
package struct PeerCertificate: Hashable, Sendable {
    /// As it came over the wire.
    package let der: [UInt8]
    package let validity: CertificateValidity
    let names: [String]

    init?(_ certificate: NIOSSLCertificate) {
        guard let der = try? certificate.toDERBytes() else { return nil }
        self.der = der
        validity = certificate.validity
        names = certificate.serverNames
    }

    /// Whether it says what it is for, and not for that: only to choose the words of a fault, for
    /// it is looked for as bytes.
    func excludes(_ purpose: Purpose) -> Bool {
        der.contains(Purpose.extensionName) && !der.contains(purpose.rawValue)
    }

    struct Purpose {
        let rawValue: [UInt8]
        /// id-kp-serverAuth and id-kp-clientAuth, RFC 5280 4.2.1.12.
        static let server = Purpose(rawValue: [0x2B, 6, 1, 5, 5, 7, 3, 1])
        static let client = Purpose(rawValue: [0x2B, 6, 1, 5, 5, 7, 3, 2])
        /// id-ce-extKeyUsage.
        static let extensionName: [UInt8] = [0x55, 0x1D, 0x25]
    }
}
