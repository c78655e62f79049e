internal import NIOSSL

/// What TLS says went wrong. Its library tells by error texts of constant words, here turned into
/// values at one place.
enum TLSTrouble: Hashable {
    /// The connection went away without a word.
    case cutOff
    /// The handshake took too long.
    case late
    /// The peer's certificate did not pass.
    case peerNotTrusted
    /// The peer's certificate passed, and is of another name.
    case peerOfOtherName
    /// The peer showed no certificate.
    case peerShowsNone
    /// What came is no TLS.
    case peerSpeaksPlain
    /// There is no version that both ends speak.
    case versionsDiffer
    /// The peer says why it goes.
    case alert(Alert)
    case other(String)

    /// What a peer may have against this end.
    enum Alert: Hashable {
        case certificateExpired
        case certificateRevoked
        case certificateRequired
        case certificatePurposeOther
        case authorityUnknown
        case certificateBad
        case handshakeFailed
    }

    /// Nil for an error that is not of TLS, and for a farewell that was not answered in time.
    init?(_ error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown: self = .cutOff
        case let extra as NIOSSLExtraError where extra == .failedToValidateHostname:
            self = .peerOfOtherName
        case is NIOSSLError, is BoringSSLError: self.init(words: "\(error)")
        default: return nil
        }
    }

    private init(words: String) {
        let known = Self.words.first { words.contains($0.0) }
        self = known?.1 ?? .other(Self.reason(in: words))
    }

    /// The words of BoringSSL for what may be met; the peer's alerts have their own.
    private static let words: [(String, TLSTrouble)] = [
        ("EOF during handshake", .cutOff),
        ("ALERT_CERTIFICATE_EXPIRED", .alert(.certificateExpired)),
        ("ALERT_CERTIFICATE_REVOKED", .alert(.certificateRevoked)),
        ("CERTIFICATE_REQUIRED", .alert(.certificateRequired)),
        ("ALERT_UNSUPPORTED_CERTIFICATE", .alert(.certificatePurposeOther)),
        ("ALERT_UNKNOWN_CA", .alert(.authorityUnknown)),
        // The signature under the certificate does not fit the authority of that name.
        ("ALERT_DECRYPT_ERROR", .alert(.authorityUnknown)),
        ("ALERT_BAD_CERTIFICATE", .alert(.certificateBad)),
        ("ALERT_CERTIFICATE_UNKNOWN", .alert(.certificateBad)),
        ("ALERT_HANDSHAKE_FAILURE", .alert(.handshakeFailed)),
        ("ALERT_PROTOCOL_VERSION", .versionsDiffer),
        ("UNSUPPORTED_PROTOCOL", .versionsDiffer),
        ("CERTIFICATE_VERIFY_FAILED", .peerNotTrusted),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", .peerShowsNone),
        ("WRONG_VERSION_NUMBER", .peerSpeaksPlain),
        ("HTTP_REQUEST", .peerSpeaksPlain),
    ]

    /// `…:SSL routines:OPENSSL_internal:BAD_DECRYPT at …`: the words between.
    private static func reason(in words: String) -> String {
        guard let head = words.firstRange(of: "OPENSSL_internal:") else { return words }
        let rest = words[head.upperBound...]
        return String(rest.prefix { $0 != " " && $0 != "]" })
    }
}
