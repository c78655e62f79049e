import EndpointDocuments
import EndpointModel

/// A result in few words: `3.1@7 a` is document 3, item 1, line 7 with the value of its member `n`;
/// `3@7 !syntax` is a fault.
func summary(_ results: [DocumentResult]) -> [String] {
    func place(_ position: DocumentPosition) -> String {
        "\(position.document)" + (position.item.map { ".\($0)" } ?? "") + "@\(position.line)"
    }
    return results.map { result in
        switch result {
        case .success(let document):
            let shown = document.value["n"] ?? document.value
            return "\(place(document.position)) \(shown.compactJSON.filter { $0 != "\"" })"
        case .failure(let fault): return "\(place(fault.position)) !\(fault.error.code.rawValue)"
        }
    }
}

func readStream(
    _ text: String, feeding size: Int = .max, dialect: DocumentStream.Dialect = .documents,
    limits: DocumentLimits = .standard
) -> [DocumentResult] {
    readStream(Array(text.utf8), feeding: size, dialect: dialect, limits: limits)
}

func readStream(
    _ bytes: [UInt8], feeding size: Int = .max, dialect: DocumentStream.Dialect = .documents,
    limits: DocumentLimits = .standard
) -> [DocumentResult] {
    var stream = DocumentStream(source: "f", dialect: dialect, limits: limits)
    var results: [DocumentResult] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        results += stream.feed(rest.prefix(size))
        rest = rest.dropFirst(size)
    }
    return results + stream.finish()
}
