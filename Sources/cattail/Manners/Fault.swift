internal import EndpointDocuments
internal import EndpointModel

/// One fault as users see it: a code that stays the same, what happened, where, and what to do.
struct Fault: Error, Hashable, Sendable {
    /// One of `docs/error-codes.md`.
    var code: String
    /// What failed, on which value.
    var what: String
    /// Where in what the user gave; nil when it is about no document.
    var position: DocumentPosition?
    /// JSON path; empty when it is about no field.
    var field = ""
    /// What to do; may be empty.
    var remedy = ""

    init(
        code: String, what: String, position: DocumentPosition? = nil, field: String = "",
        remedy: String = ""
    ) {
        self.code = code
        self.what = what
        self.position = position
        self.field = field
        self.remedy = remedy
    }

    /// The same, of this document.
    func at(_ position: DocumentPosition?) -> Fault {
        var placed = self
        placed.position = position ?? self.position
        return placed
    }

    /// `error: CODE: what, where, remedy`, one line.
    var line: String { line(beginning: "error") }

    /// The same, of what is let pass with another word in front.
    func line(beginning word: String) -> String {
        let parts = [shownWhat, position?.description ?? "", remedy].filter { !$0.isEmpty }
        return OneLine.text("\(word): \(code): " + parts.joined(separator: ", "))
    }

    /// The same as a JSON object.
    var json: String { json(telling: "message") }

    func json(telling key: String) -> String {
        JSONLine([
            ("code", .string(code)),
            (key, .string(shownWhat)),
            ("source", position.map { .string($0.source) }),
            ("document", position.map { .integer($0.document) }),
            ("item", position?.itemNumber.map { .integer($0) }),
            ("line", position.map { .integer($0.line) }),
            ("field", field.isEmpty ? nil : .string(field)),
            ("remedy", remedy.isEmpty ? nil : .string(remedy)),
        ]).text
    }

    private var shownWhat: String { field.isEmpty ? what : "\(field): \(what)" }
}

/// Text that came from elsewhere must neither break the line nor move the cursor.
enum OneLine {
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { shown, scalar in
            if scalar == "\n" {
                shown += " "
            } else if scalar.isControl {
                shown += scalar.escaped(asASCII: true)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { properties.generalCategory == .control }
}
