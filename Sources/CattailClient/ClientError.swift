public import EndpointModel

/// What went wrong, on what, and what to do about it.
public struct ClientError: Error, Hashable, Sendable {
    /// Names the condition: `not-found`, `conflict`, `unreachable` …
    public var code: Code
    /// What went wrong, on which value, for people. The words may change from release to release.
    public var message: String
    /// What to do; empty when there is nothing to say.
    public var remedy: String
    /// Of `invalid`: each fault of the endpoint.
    public var faults: [FieldFault]
    /// Of `conflict` and `already-exists`: the seq of what stands.
    public var standingSeq: Seq?

    /// As the library makes them; for a test's double of a client.
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
        /// Lower-case words joined by `-`.
        public var rawValue: String

        /// A code by its word, such as one that this library does not list.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No server answered within the timeout; nothing was sent, so nothing happened.
        public static let unreachable = Code(rawValue: "unreachable")
        /// It may or may not have happened; asking with the same request ID is safe (G11).
        public static let outcomeUnknown = Code(rawValue: "outcome-unknown")
        /// The endpoint breaks a rule of the resource; ``ClientError/faults`` has each one. Of
        /// other input: it cannot be read.
        public static let invalid = Code(rawValue: "invalid")
        /// There is no such endpoint, or was none at that point.
        public static let notFound = Code(rawValue: "not-found")
        /// A create of a key that is taken; ``ClientError/standingSeq`` says by what.
        public static let alreadyExists = Code(rawValue: "already-exists")
        /// Another resourceVersion or uid stands than was expected: read it again, then write.
        public static let conflict = Code(rawValue: "conflict")
        /// The same request ID was used with another request; give each its own.
        public static let requestIDReused = Code(rawValue: "request-id-reused")
        /// The node takes no writes and knows no leader to send to.
        public static let notLeader = Code(rawValue: "not-leader")
        /// The node takes no writes now: little space, or a disk that failed. Writes come back by
        /// themselves.
        public static let readOnly = Code(rawValue: "read-only")
        /// The identity may not do that.
        public static let notAllowed = Code(rawValue: "not-allowed")
        /// An endpoint or a field is longer than the wire allows; an item has at most 1 MiB.
        public static let tooLong = Code(rawValue: "too-long")
        /// Too many connections or requests: come back later.
        public static let overloaded = Code(rawValue: "overloaded")
        /// The selector does not parse; the message names the byte.
        public static let selectorInvalid = Code(rawValue: "selector-invalid")
        /// The point is before what the log keeps.
        public static let positionCompacted = Code(rawValue: "position-compacted")
        /// The point is ahead of the node's head: wait, or ask another node.
        public static let positionAhead = Code(rawValue: "position-ahead")
        /// The server's log holds a critical event of a type that it does not know, at or before
        /// the state that was asked for.
        public static let eventUnknown = Code(rawValue: "event-unknown")
        /// It was ended before it was done: the client or the stream was closed.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The server, or a cache file, cannot be used now.
        public static let unavailable = Code(rawValue: "unavailable")
        /// The peer does not keep to the protocol, or is no Cattail server.
        public static let protocolBroken = Code(rawValue: "protocol-broken")
        /// A subscriber's state does not have the digest that it should (G6).
        public static let digestDiffers = Code(rawValue: "digest-differs")

        /// The word itself.
        public var description: String { rawValue }
    }
}

extension ClientError: CustomStringConvertible {
    /// `code: message; remedy`, on one line.
    public var description: String {
        remedy.isEmpty ? "\(code): \(message)" : "\(code): \(message); \(remedy)"
    }
}
