/// A text that is no document: what is wrong, where, and what to do about it.
package struct DocumentSyntaxError: Error, Hashable, Sendable {
    // error-codes
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// A byte that does not belong where it stands.
        case syntax
        /// The text ends inside a value.
        case truncated
        case invalidUTF8 = "invalid-utf8"
        /// A key given twice with different values.
        case duplicateKey = "duplicate-key"
        case tooDeep = "too-deep"
        case tooLarge = "too-large"
        /// YAML aliases that expand to more than a document may hold.
        case aliasExpansion = "alias-expansion"
        /// YAML that has no place in a JSON-shaped document: merge keys, tags, keys that are
        /// not strings.
        case unsupported
        /// Binary data.
        case notText = "not-text"
        /// Text of another shape than the reader was asked to read.
        case wrongShape = "wrong-shape"
    }

    package var code: Code
    /// What is wrong, naming the value.
    package var message: String
    /// What to do.
    package var remedy: String
    /// JSON path of the nearest value: `spec.ports[1]`; empty at the root.
    package var path: String
    package var place: TextPlace

    package init(
        _ code: Code, _ message: String, remedy: String, path: String = "",
        at place: TextPlace = .start
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.path = path
        self.place = place
    }

    package var line: Int { place.line }
    package var column: Int { place.column }
    package var byteOffset: Int { place.byteOffset }
}

extension DocumentSyntaxError: CustomStringConvertible {
    package var description: String {
        let path = path.isEmpty ? "" : ", \(path)"
        return "\(message), \(place)\(path); \(remedy)"
    }
}

/// Something that a reader let pass and a person should know.
package struct DocumentWarning: Hashable, Sendable, CustomStringConvertible {
    package var message: String
    /// JSON path of the value that is meant: `spec.endpoint`.
    package var path: String
    package var place: TextPlace

    package init(_ message: String, path: String, at place: TextPlace) {
        self.message = message
        self.path = path
        self.place = place
    }

    package var line: Int { place.line }
    package var description: String { "\(path): \(message), \(place)" }

    /// How many one document may cause; more are not recorded. Finding a place costs a walk
    /// over the text, so that without a bound a document of repeated keys would cost a square.
    package static let most = 16
}
