internal import EndpointModel

/// One YAML document from UTF-8 bytes, in the shape of JSON.
///
/// Plain scalars are read as Go's sigs.k8s.io/yaml reads them (YAML 1.1's words for null and
/// booleans included), with one difference: a number keeps its literal, and what YAML calls a
/// number and JSON does not (`0x1F`, `007`, `1_000`, `.5`) stays a string with its digits,
/// instead of turning silently into another value. A key that comes twice with the same
/// value is a warning, with another value an error. Merge keys, tags other than the core
/// schema's and keys that are no strings are refused. Aliases are expanded within bounds (G12).
package enum YAMLReader {
    /// Nil when the text holds no document: blanks, comments, a lone `---`.
    package static func read(
        _ bytes: [UInt8], limits: DocumentLimits = .standard
    ) throws(DocumentSyntaxError) -> ReadDocument? {
        guard bytes.count <= limits.documentBytes else {
            throw .tooLarge(bytes: bytes.count, limits: limits)
        }
        try UTF8Check.check(bytes)
        var composer = YAMLComposer(events: YAMLEvents(bytes, limits: limits), limits: limits)
        return try composer.document()
    }

    package static func read(
        _ text: String, limits: DocumentLimits = .standard
    ) throws(DocumentSyntaxError) -> ReadDocument? {
        try read(Array(text.utf8), limits: limits)
    }
}
