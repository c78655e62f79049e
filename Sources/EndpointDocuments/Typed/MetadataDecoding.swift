internal import EndpointModel

/// The members of metadata, as far as fields hold them.
extension TypedDecoder {
    func metadata(_ document: DocumentValue, into metadata: inout ObjectMetadata) -> Leftover {
        var others: [OtherField: DocumentValue] = [:]
        let leftover = object(document) { key, value in
            switch key {
            case "name": return text(value, into: &metadata.name)
            case "generateName": return text(value, into: &metadata.generateName)
            case "namespace": return text(value, into: &metadata.namespace)
            case "uid": return text(value, into: &metadata.uid)
            case "resourceVersion": return text(value, into: &metadata.resourceVersion)
            case "creationTimestamp": return time(value, into: &metadata.creationTimestamp)
            case "labels": return texts(value, into: &metadata.labels)
            case "annotations": return texts(value, into: &metadata.annotations)
            default:
                guard let field = OtherField(rawValue: key) else { return unrecognized(value) }
                return other(field, value, into: &others)
            }
        }
        let members = OtherField.allCases.compactMap { field in
            others[field].map { DocumentValue.Member(field.rawValue, $0.inKeyOrder) }
        }
        if !members.isEmpty { metadata.otherFields = DocumentValue.object(members).compactJSON }
        return leftover
    }

    private func time(_ value: DocumentValue, into field: inout Timestamp?) -> Leftover {
        switch value {
        case .null: field = nil
        case .string(let text):
            guard let time = Timestamp(rfc3339: text) else {
                return misfit(value, rule: "is not a time like 2026-11-23T10:42:00Z")
            }
            field = time
        case .bool, .number, .array, .object:
            return misfit(value, "a time like 2026-11-23T10:42:00Z")
        }
        return nil
    }

    /// Keeps a field that nothing here reads, when it has the shape of its name.
    private func other(
        _ field: OtherField, _ value: DocumentValue, into others: inout [OtherField: DocumentValue]
    ) -> Leftover {
        if value == .null { return nil }
        guard field.fits(value) else { return misfit(value, field.wanted) }
        others[field] = value
        return nil
    }
}

/// The members of Kubernetes' ObjectMeta that are kept and never read, in its order.
enum OtherField: String, CaseIterable {
    case selfLink
    case generation
    case deletionTimestamp
    case deletionGracePeriodSeconds
    case ownerReferences
    case finalizers
    case managedFields

    var wanted: String {
        switch self {
        case .selfLink, .deletionTimestamp: "text"
        case .generation, .deletionGracePeriodSeconds: "a whole number"
        case .ownerReferences, .managedFields: "a list of objects"
        case .finalizers: "a list of texts"
        }
    }

    func fits(_ value: DocumentValue) -> Bool {
        switch (self, value) {
        case (.selfLink, .string), (.deletionTimestamp, .string):
            true
        case (.generation, .number(let literal)),
            (.deletionGracePeriodSeconds, .number(let literal)):
            TypedDecoder.integer(literal, as: Int64.self) != nil
        case (.ownerReferences, .array(let elements)), (.managedFields, .array(let elements)):
            elements.allSatisfy { if case .object = $0 { true } else { false } }
        case (.finalizers, .array(let elements)):
            elements.allSatisfy { if case .string = $0 { true } else { false } }
        default:
            false
        }
    }
}
