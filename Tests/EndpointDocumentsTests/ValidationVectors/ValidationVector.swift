import EndpointDocuments
import EndpointModel
import Foundation
import Testing

/// One vector of `wep-validation.json`, whose schema line explains the fields. Read with our own
/// reader, so that numbers keep their literals.
struct ValidationVector {
    var id: String
    var kind: String
    var op: String?
    var doc: DocumentValue
    var old: DocumentValue?
    var valid: Bool
    var stage: String?
    var errorFields: [String]
    var name: String?
    var normalized: DocumentValue?

    static func load(_ url: URL) throws -> (count: String, vectors: [ValidationVector]) {
        let file = try JSONReader.read([UInt8](Data(contentsOf: url)))
        guard case .number(let count)? = file["count"], case .array(let vectors)? = file["vectors"]
        else { throw FieldFault(field: "count", reason: "is missing") }
        return (count, try vectors.map(ValidationVector.init))
    }

    init(_ value: DocumentValue) throws {
        id = try #require(value["id"]?.text)
        kind = try #require(value["kind"]?.text)
        doc = try #require(value["doc"])
        valid = value["valid"] == .bool(true)
        op = value["op"]?.text
        old = value["old"]
        stage = value["stage"]?.text
        name = value["name"]?.text
        normalized = value["normalized"]
        errorFields = []
        if case .array(let errors)? = value["errors"] {
            errorFields = try errors.map { try #require($0["field"]?.text) }
        }
    }
}

extension DocumentValue {
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// Replaces a member's value in place; nil removes it.
    mutating func set(_ key: String, _ value: DocumentValue?) {
        guard case .object(var members) = self else { return }
        if let index = members.firstIndex(where: { $0.key == key }) {
            if let value { members[index].value = value } else { members.remove(at: index) }
        } else if let value {
            members.append(.init(key, value))
        }
        self = .object(members)
    }
}

/// What our rules say of a vector, in the vector's own terms.
struct Verdict {
    var stages: [(name: String, faults: [FieldFault])]
    var derivedName: String?
    var normalized: DocumentValue?

    var isValid: Bool { stages.allSatisfy(\.faults.isEmpty) }
    var stage: String? { stages.first { !$0.faults.isEmpty }?.name }
    var fields: Set<String> {
        Set(stages.flatMap(\.faults).map { GoFieldNames.withoutBrackets($0.field) })
    }
}
