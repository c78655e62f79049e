/// What one document may cost, whoever sent it (G12).
package struct DocumentLimits: Hashable, Sendable {
    /// The bytes of one document's text; the same bound as an item on the wire.
    package var documentBytes: Int
    /// Objects and arrays inside one another. Readers recurse, so this also bounds the stack;
    /// a WorkloadEndpoint needs 5.
    package var depth: Int
    /// The bytes of all scalars and keys of a document, plus one a node, after YAML aliases are
    /// expanded. A text without aliases cannot reach twice its own size, so that this
    /// refuses only what aliases blow up.
    package var expandedBytes: Int

    package init(documentBytes: Int = 1 << 20, depth: Int = 128, expandedBytes: Int = 4 << 20) {
        self.documentBytes = documentBytes
        self.depth = depth
        self.expandedBytes = expandedBytes
    }

    package static let standard = DocumentLimits()
}
