internal import EndpointModel

extension DocumentValue {
    /// The same with the members of every object in the order of their keys' bytes.
    ///
    /// What is kept as text is compared as text: one endpoint, printed by tools that order its
    /// members differently, must come back as one, or an import would make events of nothing.
    var inKeyOrder: DocumentValue {
        switch self {
        case .object(let members):
            .object(
                members
                    .map { Member($0.key, $0.value.inKeyOrder) }
                    .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
        case .array(let elements): .array(elements.map(\.inKeyOrder))
        case .null, .bool, .number, .string: self
        }
    }
}
