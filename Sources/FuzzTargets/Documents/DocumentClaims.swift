internal import EndpointDocuments
internal import EndpointModel

/// A document that reads is written as a text that reads as the same document; a fault lies in
/// the text.
enum DocumentClaims {
    /// Tight ones, so that small inputs reach them.
    private static let tight = DocumentLimits(documentBytes: 512, depth: 6, expandedBytes: 1_024)

    static func limits(_ choice: UInt8) -> DocumentLimits {
        choice & 0x80 == 0 ? .standard : tight
    }

    static func json(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let limits = limits(input.byte())
        let text = Array(input.rest)
        let value: DocumentValue
        do throws(DocumentSyntaxError) {
            value = try JSONReader.read(text, limits: limits)
        } catch { return try judge(error, of: text) }
        let compact = value.compactJSON
        for again in [compact, value.prettyJSON] {
            let read = try mustRead("written JSON") { try JSONReader.read(again, limits: roomy) }
            try claim(read.compactJSON == compact, "JSON reads otherwise than it was written")
        }
    }

    static func yaml(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        let limits = limits(input.byte())
        let text = Array(input.rest)
        let value: DocumentValue
        do throws(DocumentSyntaxError) {
            guard let document = try YAMLReader.read(text, limits: limits) else { return }
            value = document.value
        } catch { return try judge(error, of: text) }
        let compact = inOrder(value).compactJSON
        try claim(compact.utf8.count <= 8 * limits.expandedBytes, "\(compact.utf8.count) bytes")
        let read = try mustRead("written YAML") { try YAMLReader.read(value.yaml, limits: roomy) }
        let again = read?.value ?? .null
        try claim(
            inOrder(again).compactJSON == compact, "YAML reads otherwise than it was written")
    }

    /// What is written is longer than what was read.
    static let roomy = DocumentLimits(
        documentBytes: 64 << 20, depth: 128, expandedBytes: 64 << 20)

    static func judge(_ error: DocumentSyntaxError, of text: [UInt8]) throws {
        try claim((0...text.count).contains(error.byteOffset), "a fault outside of the text")
        try claim(error.line >= 1 && error.column >= 1, "a fault at \(error.place)")
        let length = error.description.utf8.count
        try claim(length <= 4 * text.count + 4_096, "a fault of \(length) bytes")
    }

    /// Writers of YAML sort the members.
    private static func inOrder(_ value: DocumentValue) -> DocumentValue {
        switch value {
        case .object(let members):
            .object(
                members.map { .init($0.key, inOrder($0.value)) }
                    .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
        case .array(let elements): .array(elements.map(inOrder))
        case .null, .bool, .number, .string: value
        }
    }
}
