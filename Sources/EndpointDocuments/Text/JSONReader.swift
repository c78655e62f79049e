package import EndpointModel

/// A document and what its reader let pass.
package struct ReadDocument: Hashable, Sendable {
    package var value: DocumentValue
    package var warnings: [DocumentWarning]

    package init(value: DocumentValue, warnings: [DocumentWarning] = []) {
        self.value = value
        self.warnings = warnings
    }
}

/// Strict JSON (RFC 8259) from UTF-8 bytes.
///
/// Of our own, because Foundation's decoders neither see duplicate keys nor keep the digits of
/// a long number. Here a number stays the literal that was typed; a key that comes twice with
/// the same value is a warning and with another value an error; members keep their order.
/// Nothing is repaired: no comments, no trailing commas, no lone surrogates, no byte order mark.
package enum JSONReader {
    package static func read(
        _ bytes: [UInt8], limits: DocumentLimits = .standard
    ) throws(DocumentSyntaxError) -> DocumentValue {
        try readWithWarnings(bytes, limits: limits).value
    }

    package static func read(
        _ text: String, limits: DocumentLimits = .standard
    ) throws(DocumentSyntaxError) -> DocumentValue {
        try readWithWarnings(Array(text.utf8), limits: limits).value
    }

    package static func readWithWarnings(
        _ bytes: [UInt8], limits: DocumentLimits = .standard
    ) throws(DocumentSyntaxError) -> ReadDocument {
        guard bytes.count <= limits.documentBytes else {
            throw .tooLarge(bytes: bytes.count, limits: limits)
        }
        try UTF8Check.check(bytes)
        var parser = JSONParser(bytes: bytes, depthLimit: limits.depth)
        let value = try parser.document()
        return ReadDocument(value: value, warnings: parser.warnings)
    }
}

enum UTF8Check {
    /// Checks a whole text once, so that its strings can be cut out of it unchecked.
    static func check(_ bytes: [UInt8]) throws(DocumentSyntaxError) {
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let offset = error.byteOffsets.lowerBound
            throw DocumentSyntaxError(
                .invalidUTF8, "the bytes are not valid UTF-8",
                remedy: "save the file as UTF-8",
                at: TextPlace(byteOffset: offset, in: bytes))
        }
    }
}

extension DocumentSyntaxError {
    static func tooLarge(
        bytes: Int, limits: DocumentLimits, at place: TextPlace = .start
    ) -> DocumentSyntaxError {
        DocumentSyntaxError(
            .tooLarge,
            "the document has \(bytes) bytes or more, the limit is \(limits.documentBytes)",
            remedy: "split it into several documents", at: place)
    }
}
