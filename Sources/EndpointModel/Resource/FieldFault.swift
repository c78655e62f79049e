/// One fault of a document: where it is, what stands there and which rule it breaks.
public struct FieldFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSON path: `spec.ports[1].port`, `metadata.labels[app]`.
    public var field: String
    /// The offending value as typed; empty when there is none to show.
    public var value: String
    /// The rule: `is not in 1-65535`.
    public var reason: String

    public init(field: String, value: String = "", reason: String) {
        self.field = field
        self.value = value
        self.reason = reason
    }

    public var description: String {
        value.isEmpty ? "\(field): \(reason)" : "\(field): \(value) \(reason)"
    }
}
