internal import EndpointDocuments
internal import EndpointModel

/// One compact JSON object, its members in the order given; members without a value are left
/// out.
struct JSONLine {
    let value: DocumentValue

    init(_ members: [(String, DocumentValue?)]) {
        value = .object(
            members.compactMap { key, value in value.map { DocumentValue.Member(key, $0) } })
    }

    var text: String { value.compactJSON }
}

extension DocumentValue {
    static func integer(_ value: some BinaryInteger) -> DocumentValue { .number(String(value)) }

    static func seq(_ seq: Seq) -> DocumentValue { .integer(seq.rawValue) }

    static func text(_ value: some CustomStringConvertible) -> DocumentValue {
        .string(value.description)
    }

    /// With three digits after the point: rates and milliseconds need no more.
    static func decimal(_ value: Double) -> DocumentValue {
        guard value.isFinite, abs(value) < 1e15 else { return .null }
        return .number(String((value * 1_000).rounded() / 1_000))
    }
}
