public import EndpointModel
internal import SyncProtocol

/// One wish about one endpoint, ready to be sent: its endpoint is encoded already, so that
/// whoever makes requests pays for that on his own thread.
public struct MutationRequest: Hashable, Sendable {
    /// What is wanted of the endpoint.
    public enum Operation: Hashable, Sendable {
        /// Create or replace, whichever fits.
        case apply
        /// Fails with `already-exists` when the key is taken.
        case create
        /// Fails with `not-found` when there is none.
        case replace
        /// Fails with `not-found` when there is none.
        case delete
        /// As apply, and nothing is refused for the resource's rules.
        case importing
    }

    /// Whether it takes effect or only says what it would do.
    public enum Effect: Hashable, Sendable {
        /// It takes effect.
        case real
        /// The result says what would happen, and nothing does.
        case dryRun
    }

    /// What is wanted.
    public var operation: Operation
    /// Of which endpoint. The leader derives a name that is empty from the spec.
    public var key: EndpointKey
    /// The endpoint in the schema's encoding (`WorkloadEndpoint.encodedEndpoint()`); empty for a
    /// delete.
    public var endpointBytes: [UInt8]
    /// The resourceVersion that must stand, as a seq; nil: any.
    public var expectedSeq: Seq?
    /// The uid that must stand; nil: any.
    public var expectedUID: UID?
    /// Of an import: what the document said of itself.
    public var origin: Origin?
    /// Whether it takes effect.
    public var effect: Effect
    /// Makes a retry safe, also from another process: the same ID of the same actor takes effect
    /// once and gets the same answer (G11). 1 to 128 bytes; nil: the client gives one.
    public var requestID: String?

    /// A request out of its parts, with an endpoint that is encoded already.
    public init(
        _ operation: Operation, key: EndpointKey, endpointBytes: [UInt8] = [],
        expectedSeq: Seq? = nil, expectedUID: UID? = nil, origin: Origin? = nil,
        effect: Effect = .real, requestID: String? = nil
    ) {
        self.operation = operation
        self.key = key
        self.endpointBytes = endpointBytes
        self.expectedSeq = expectedSeq
        self.expectedUID = expectedUID
        self.origin = origin
        self.effect = effect
        self.requestID = requestID
    }

    /// A request for an endpoint; key and bytes come from it. An empty name is derived from the
    /// spec's identifiers; where they give none, the leader says why.
    public init(
        _ operation: Operation, _ endpoint: WorkloadEndpoint, expectedSeq: Seq? = nil,
        expectedUID: UID? = nil, origin: Origin? = nil, effect: Effect = .real
    ) {
        self.init(
            operation, key: operation.key(of: endpoint),
            endpointBytes: operation.bytes(of: endpoint),
            expectedSeq: expectedSeq, expectedUID: expectedUID, origin: origin, effect: effect)
    }

    /// Why it cannot be sent: not what the endpoint says, which its leader judges, but what the
    /// wire has no room for.
    var fault: ClientError? {
        if let requestID, !(1...Limits.requestIDBytes).contains(requestID.utf8.count) {
            return ClientError(
                code: .invalid,
                message: "a request ID of \(requestID.utf8.count) bytes",
                remedy: "give 1 to \(Limits.requestIDBytes) bytes, or none")
        }
        let texts = origin.map { [$0.resourceVersion, $0.uid, $0.creationTimestamp] + $0.faults }
        let byteCount = sizeEstimate + (texts ?? []).reduce(0) { $0 + $1.utf8.count }
        guard byteCount > EncodedRecord.byteLimit else { return nil }
        return ClientError(
            code: .tooLong,
            message: "a request of \(byteCount) bytes for \(FieldFault.shown(key.description))",
            remedy: "an endpoint and its key have at most \(EncodedItem.byteLimit) bytes")
    }

    func mutation(ticket: UInt64, requestID: String) -> Mutation {
        Mutation(
            ticket: ticket, requestID: requestID, operation: operation.wire, key: key,
            endpoint: endpointBytes, expectedSeq: expectedSeq, expectedUID: expectedUID,
            origin: origin, dryRun: effect == .real ? .no : .yes)
    }
}

extension MutationRequest.Operation {
    fileprivate func key(of endpoint: WorkloadEndpoint) -> EndpointKey {
        var key = endpoint.key
        if key.name.isEmpty, let name = try? EndpointName.derive(from: .init(endpoint.spec)) {
            key.name = name
        }
        return key
    }

    fileprivate func bytes(of endpoint: WorkloadEndpoint) -> [UInt8] {
        switch self {
        case .delete: return []
        case .importing: return endpoint.encodedEndpoint()
        case .apply, .create, .replace:
            var endpoint = endpoint
            endpoint.addImplicitLabels()
            return endpoint.encodedEndpoint()
        }
    }

    var wire: SyncProtocol.Operation {
        switch self {
        case .apply: .apply
        case .create: .create
        case .replace: .replace
        case .delete: .delete
        case .importing: .importing
        }
    }
}

/// What became of one request.
public struct MutationResult: Sendable {
    /// The endpoint that it was about, as the request named it.
    public var key: EndpointKey
    /// The request's own, or the one that the client gave it.
    public var requestID: String
    /// What happened.
    public var outcome: Outcome

    /// What a mutation did, with the seq of its event; or why it did nothing.
    public enum Outcome: Sendable {
        /// The endpoint is new.
        case created(Seq)
        /// An endpoint that was there is different now.
        case configured(Seq)
        /// Nothing to change: no event. The seq is that of the event that stands.
        case unchanged(Seq)
        /// The endpoint is gone.
        case deleted(Seq)
        /// Nothing happened; of `outcome-unknown`: perhaps it did.
        case failed(ClientError)
    }

    /// As the library makes them; for a test's double of a client.
    public init(key: EndpointKey, requestID: String, outcome: Outcome) {
        self.key = key
        self.requestID = requestID
        self.outcome = outcome
    }

    /// Of the event, or of the one that stands; nil when it failed.
    public var seq: Seq? {
        switch outcome {
        case .created(let seq), .configured(let seq), .unchanged(let seq), .deleted(let seq): seq
        case .failed: nil
        }
    }

    /// Why it failed; nil when it did not.
    public var error: ClientError? {
        if case .failed(let error) = outcome { error } else { nil }
    }
}
