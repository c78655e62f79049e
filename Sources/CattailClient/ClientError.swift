public import EndpointModel

/// What went wrong, on what, and what to do about it.
public struct ClientError: Error, Hashable, Sendable {
    /// Names the condition: `not-found`, `conflict`, `unreachable` …
    public var code: Code
    public var message: String
    /// What to do; empty when there is nothing to say.
    public var remedy: String
    /// Of `invalid`: each fault of the endpoint.
    public var faults: [FieldFault]
    /// Of `conflict` and `already-exists`: the seq of what stands.
    public var standingSeq: Seq?

    public init(
        code: Code, message: String, remedy: String = "", faults: [FieldFault] = [],
        standingSeq: Seq? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.faults = faults
        self.standingSeq = standingSeq
    }

    /// A word that stays the same from release to release. A server may send words that this
    /// library does not list.
    // error-codes
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public var rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// No server answered within the timeout.
        public static let unreachable = Code(rawValue: "unreachable")
        /// It may or may not have happened; asking with the same request ID is safe (G11).
        public static let outcomeUnknown = Code(rawValue: "outcome-unknown")
        public static let invalid = Code(rawValue: "invalid")
        public static let notFound = Code(rawValue: "not-found")
        public static let alreadyExists = Code(rawValue: "already-exists")
        public static let conflict = Code(rawValue: "conflict")
        public static let requestIDReused = Code(rawValue: "request-id-reused")
        public static let notLeader = Code(rawValue: "not-leader")
        public static let readOnly = Code(rawValue: "read-only")
        public static let notAllowed = Code(rawValue: "not-allowed")
        public static let tooLong = Code(rawValue: "too-long")
        public static let overloaded = Code(rawValue: "overloaded")
        public static let selectorInvalid = Code(rawValue: "selector-invalid")
        public static let positionCompacted = Code(rawValue: "position-compacted")
        public static let positionAhead = Code(rawValue: "position-ahead")
        public static let cancelled = Code(rawValue: "cancelled")
        public static let unavailable = Code(rawValue: "unavailable")
        /// The peer does not keep to the protocol, or is no Cattail server.
        public static let protocolBroken = Code(rawValue: "protocol-broken")
        /// A subscriber's state does not have the digest that it should (G6).
        public static let digestDiffers = Code(rawValue: "digest-differs")

        public var description: String { rawValue }
    }
}

extension ClientError: CustomStringConvertible {
    public var description: String {
        remedy.isEmpty ? "\(code): \(message)" : "\(code): \(message); \(remedy)"
    }
}
