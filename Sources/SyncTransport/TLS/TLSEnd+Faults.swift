internal import EndpointModel

extension TLSEnd {
    /// Who is at the other end, as far as it is known.
    struct Peer {
        let address: String
        /// As it was shown, good or not.
        let certificate: PeerCertificate?

        var names: String {
            guard let names = certificate?.names, !names.isEmpty else { return "no name at all" }
            return names.joined(separator: ", ")
        }
    }

    /// What happened, in words that say whose certificate is meant and what helps.
    func fault(_ trouble: TLSTrouble, seenBy peer: Peer) -> TLSFault {
        switch trouble {
        case .peerNotTrusted: notTrusted(peer)
        case .peerOfOtherName:
            TLSFault(
                .certificateNameOther,
                "the certificate of \(peer.address) is for \(peer.names), not for \(wanted)",
                "name the server as its certificate does, or give it one for this name")
        case .peerShowsNone:
            TLSFault(
                .certificateRequired, "\(peer.address) shows no certificate",
                "clients need --cert and --key")
        case .peerSpeaksPlain:
            TLSFault(
                .tlsMissing, "\(peer.address) speaks no TLS",
                "give it certificates, or use this end without")
        case .versionsDiffer:
            TLSFault(
                .tlsVersion, "\(peer.address) speaks no version of TLS from 1.2 on",
                "use one that does")
        case .late:
            TLSFault(
                .tlsLate, "the TLS handshake with \(peer.address) was not done in time",
                "is it a server with TLS?")
        case .cutOff: cutOff(peer)
        case .alert(let alert): refused(alert, by: peer)
        case .other(let words):
            TLSFault(
                .tlsFailed, "the TLS handshake with \(peer.address) failed: \(words)",
                "is it a Cattail node with TLS?")
        }
    }

    /// The address as the user wrote it.
    private var wanted: String {
        switch side {
        case .dialer(let address): address.host
        case .listener: "any name"
        }
    }

    // MARK: The peer's certificate

    private func notTrusted(_ peer: Peer) -> TLSFault {
        guard let certificate = peer.certificate else { return foreign(peer) }
        switch certificate.validity.standing(at: now) {
        case .noMore:
            return TLSFault(
                .certificateExpired,
                "the certificate of \(peer.address) expired at \(certificate.validity.notAfter)",
                "give it a new one; is this machine's clock right?")
        case .notYet:
            return TLSFault(
                .certificateNotYetValid,
                "the certificate of \(peer.address) is good from "
                    + "\(certificate.validity.notBefore) on",
                "wait, or give it another; is this machine's clock right?")
        case .now: break
        }
        guard !certificate.excludes(purpose) else {
            return TLSFault(
                .certificatePurposeOther,
                "the certificate of \(peer.address) is not one for \(purposeName)",
                "give it one with that extended key usage")
        }
        return foreign(peer)
    }

    private func foreign(_ peer: Peer) -> TLSFault {
        TLSFault(
            .certificateForeign,
            "the certificate of \(peer.address) comes from no authority in "
                + contexts.files.authorities,
            "use certificates of one authority on both ends")
    }

    private var purpose: PeerCertificate.Purpose {
        switch side {
        case .dialer: .server
        case .listener: .client
        }
    }

    private var purposeName: String {
        switch side {
        case .dialer: "servers"
        case .listener: "clients"
        }
    }

    // MARK: This end's certificate

    private func refused(_ alert: TLSTrouble.Alert, by peer: Peer) -> TLSFault {
        guard let own = contexts.own else {
            return TLSFault(
                .certificateRequired, "\(peer.address) wants a certificate and there is none here",
                "give --cert and --key")
        }
        switch alert {
        case .certificateExpired: return untimely(own, peer)
        case .certificateRevoked:
            return TLSFault(
                .certificateRevoked, "\(peer.address) says that \(own.path) is revoked",
                "get a new certificate")
        case .certificatePurposeOther:
            return TLSFault(
                .certificatePurposeOther,
                "\(peer.address) does not take \(own.path): it is for another purpose",
                "use a certificate with the extended key usage of a \(usage)")
        case .authorityUnknown:
            return TLSFault(
                .certificateForeign,
                "\(peer.address) does not know the authority that \(own.path) comes from",
                "use certificates of one authority on both ends")
        case .certificateRequired, .certificateBad, .handshakeFailed:
            return TLSFault(
                .certificateRefused, "\(peer.address) does not take the certificate \(own.path)",
                "the log of the other end says why")
        }
    }

    private func untimely(_ own: OwnCertificate, _ peer: Peer) -> TLSFault {
        switch own.validity.standing(at: now) {
        case .notYet:
            TLSFault(
                .certificateNotYetValid,
                "\(peer.address) says that \(own.path) is not good yet: it is from "
                    + "\(own.validity.notBefore) on", "wait, or use another")
        case .noMore:
            TLSFault(
                .certificateExpired,
                "\(peer.address) says that \(own.path) is not good any more: it expired at "
                    + "\(own.validity.notAfter)", "use a new one")
        case .now:
            TLSFault(
                .certificateExpired,
                "\(peer.address) says that \(own.path) is not good now, and it is from "
                    + "\(own.validity.notBefore) to \(own.validity.notAfter)",
                "set the clocks of both machines")
        }
    }

    private var usage: String {
        switch side {
        case .dialer: "client"
        case .listener: "server"
        }
    }

    /// A client that takes a server's certificate for another's just goes.
    private func cutOff(_ peer: Peer) -> TLSFault {
        switch side {
        case .dialer:
            return TLSFault(
                .tlsFailed, "\(peer.address) closed the connection in the TLS handshake",
                "does it listen with TLS?")
        case .listener:
            let names = contexts.own?.names.joined(separator: ", ") ?? ""
            return TLSFault(
                .tlsFailed,
                "\(peer.address) went in the TLS handshake or right behind it; it may have wanted "
                    + "another name than \(names)", "its own message says why")
        }
    }
}
