/// What is wrong with a certificate, a key, or a handshake: ours or the peer's.
package struct TLSFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: TLSFaultCode
    /// What is wrong, on which file or with which peer.
    package let what: String
    package let remedy: String

    package init(_ code: TLSFaultCode, _ what: String, _ remedy: String) {
        self.code = code
        self.what = what
        self.remedy = remedy
    }

    /// The peer speaks TLS, and this end was not told to.
    package static func tlsRequired(by peer: String) -> TLSFault {
        TLSFault(
            .tlsRequired, "\(peer) speaks TLS, and this end does not",
            "give --ca, --cert and --key")
    }

    /// A client shows none to a listener.
    package static let certificateRequired = TLSFault(
        .certificateRequired, "the client shows no certificate", "give it --cert and --key")

    package var description: String { "\(code.rawValue): \(what); \(remedy)" }
}

/// The codes of TLS; they stand in `docs/error-codes.md`.
package enum TLSFaultCode: String, Hashable, Sendable, CaseIterable {
    // Files.
    case fileMissing = "file-missing"
    case fileUnreadable = "file-unreadable"
    case certificateMalformed = "certificate-malformed"
    case keyMalformed = "key-malformed"
    case keyMismatch = "key-mismatch"
    case listMalformed = "revocation-list-malformed"
    case listForeign = "revocation-list-foreign"

    // Certificates, whichever end's.
    case certificateExpired = "certificate-expired"
    case certificateNotYetValid = "certificate-not-yet-valid"
    case certificateForeign = "certificate-foreign"
    case certificateNameOther = "certificate-name-other"
    case certificatePurposeOther = "certificate-purpose-other"
    case certificateRequired = "certificate-required"
    case certificateRevoked = "certificate-revoked"
    case certificateNameless = "certificate-nameless"
    case certificateRefused = "certificate-refused"
    case notAllowed = "not-allowed"

    // Handshakes.
    case tlsRequired = "tls-required"
    case tlsMissing = "tls-missing"
    case tlsVersion = "tls-version"
    case tlsLate = "tls-late"
    case tlsFailed = "tls-failed"

    /// Whether the next attempt would meet the same, unless a file or a clock changes.
    package var isCertain: Bool {
        switch self {
        case .fileMissing, .fileUnreadable, .certificateMalformed, .keyMalformed, .keyMismatch,
            .listMalformed, .listForeign, .certificateExpired, .certificateNotYetValid,
            .certificateForeign, .certificateNameOther, .certificatePurposeOther,
            .certificateRequired, .certificateRevoked, .certificateNameless, .certificateRefused,
            .notAllowed, .tlsRequired, .tlsMissing, .tlsVersion:
            true
        // A server that goes down meanwhile looks like this too.
        case .tlsLate, .tlsFailed: false
        }
    }
}
