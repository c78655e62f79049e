/// What a put asks for; it decides which of the system's fields must and must not be given.
public enum EndpointWrite: Hashable, Sendable {
    /// The endpoint must not exist: no resourceVersion.
    case create
    /// The endpoint must be at the given resourceVersion: it, creationTimestamp and uid are
    /// required, as read from the store.
    case update
    /// Create or overwrite; a resourceVersion, when given, must be the stored one.
    case apply
}

/// An endpoint that breaks rules, and every one that it breaks.
public struct InvalidEndpoint: Error, Hashable, Sendable, CustomStringConvertible {
    public var faults: [FieldFault]

    public init(faults: [FieldFault]) { self.faults = faults }

    public var description: String {
        "invalid endpoint: " + faults.map(\.description).joined(separator: "; ")
    }
}

extension WorkloadEndpoint {
    public static let namespaceLabel = "projectcalico.org/namespace"
    public static let orchestratorLabel = "projectcalico.org/orchestrator"

    /// The endpoint as it is to be stored: its name derived where it had none, its implicit
    /// labels set whatever the caller wrote there. A new endpoint's uid and creationTimestamp
    /// are the leader's to give: they need randomness and a clock.
    ///
    /// Throws every fault at once, the caller's own implicit labels judged like any other.
    public func prepared(
        for write: EndpointWrite
    ) throws(InvalidEndpoint) -> WorkloadEndpoint {
        let derivedName = derivedName
        let faults = faults(derivedName: derivedName, write: write)
        guard faults.isEmpty else { throw InvalidEndpoint(faults: faults) }
        var prepared = self
        if prepared.metadata.name.isEmpty, case .success(let derived) = derivedName {
            prepared.metadata.name = derived
        }
        prepared.setImplicitLabels()
        return prepared
    }

    package mutating func setImplicitLabels() {
        setLabel(Self.namespaceLabel, metadata.namespace)
        setLabel(Self.orchestratorLabel, spec.orchestrator)
    }

    /// Adds the implicit labels that are missing, as the leader would, so that it can take the
    /// bytes as they are. What the caller wrote stays, and is judged there.
    package mutating func addImplicitLabels() {
        if metadata.labels[Self.namespaceLabel] == nil {
            metadata.labels[Self.namespaceLabel] = metadata.namespace
        }
        if metadata.labels[Self.orchestratorLabel] == nil {
            metadata.labels[Self.orchestratorLabel] = spec.orchestrator
        }
    }

    /// Whether `prepared` leaves the labels as they are.
    package var hasImplicitLabels: Bool {
        metadata.labels[Self.namespaceLabel] == metadata.namespace
            && metadata.labels[Self.orchestratorLabel] == spec.orchestrator
    }

    /// Leaves the labels alone when nothing changes: a write would copy a shared dictionary.
    private mutating func setLabel(_ key: String, _ value: String) {
        if metadata.labels[key] != value { metadata.labels[key] = value }
    }
}
