internal import Audit
internal import EndpointDocuments
internal import EndpointModel

/// What an event or a stretch of the log did to one endpoint, field by field.
struct FieldChanges {
    enum Kind: String { case created, updated, deleted }

    let kind: Kind
    let fields: [FieldChange]

    init(from before: WorkloadEndpoint?, to after: WorkloadEndpoint?) {
        kind = after == nil ? .deleted : before == nil ? .created : .updated
        fields = FieldChange.between(before, after)
    }

    /// The cells of CHANGE: of an update each field, else what happened.
    var lines: [String] {
        guard case .updated = kind, !fields.isEmpty else { return [kind.rawValue] }
        return fields.map {
            "\($0.path): \(Self.shown($0.old)) -> \(Self.shown($0.new))"
        }
    }

    var json: DocumentValue {
        .array(
            fields.map { field in
                JSONLine([
                    ("path", .string(field.path)), ("old", field.old ?? .null),
                    ("new", field.new ?? .null),
                ]).value
            })
    }

    private static func shown(_ value: DocumentValue?) -> String {
        value.map(\.compactJSON) ?? "-"
    }
}
