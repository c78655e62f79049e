internal import EndpointModel

/// Why a session ended.
package enum SessionEnd: Equatable, Sendable {
    /// We said goodbye first.
    case goodbyeSent(Goodbye)
    case goodbyeReceived(Goodbye)
    /// The peer speaks another protocol: it is told nothing.
    case prefaceMismatched
    /// The connection is gone without a goodbye.
    case connectionLost
}

extension GoodbyeCode {
    /// Whether the same hello would meet the same end at any server.
    package var isPermanent: Bool {
        switch self {
        case .versionUnsupported, .limitExceeded, .selectorInvalid, .notAllowed,
            .certificateRevoked, .certificateNameless, .logOther:
            true
        default: false
        }
    }
}

extension Goodbye {
    /// For bytes that are no frame.
    static func malformed(_ error: FrameError) -> Goodbye {
        Goodbye(code: .frameMalformed, message: error.description)
    }

    /// For a body that is no message.
    static func malformed(_ error: WireError) -> Goodbye {
        Goodbye(code: .messageMalformed, message: error.description)
    }

    static func unexpected(_ what: String) -> Goodbye {
        Goodbye(code: .messageUnexpected, message: what)
    }
}
