/// Names one endpoint for ever: `namespace/name`. Ordered by namespace, then name, by bytes.
public struct EndpointKey: Hashable, Sendable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { "\(namespace)/\(name)" }
}

extension EndpointKey {
    /// By bytes, like the order: an imported name may be any text, and two that Unicode calls
    /// equal (an accent composed or combining) are still two endpoints.
    public static func == (left: EndpointKey, right: EndpointKey) -> Bool {
        ByteOrder.equal(left.name, right.name) && ByteOrder.equal(left.namespace, right.namespace)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(namespace)
        hasher.combine(name)
    }
}

extension EndpointKey: Comparable {
    public static func < (left: EndpointKey, right: EndpointKey) -> Bool {
        if left.namespace.utf8.elementsEqual(right.namespace.utf8) {
            return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
        return left.namespace.utf8.lexicographicallyPrecedes(right.namespace.utf8)
    }
}
