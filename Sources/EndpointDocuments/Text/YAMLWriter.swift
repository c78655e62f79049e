package import EndpointModel

extension DocumentValue {
    /// YAML as sigs.k8s.io/yaml prints it, which is how calicoctl and kubectl print: block style,
    /// keys sorted at each level, sequences not indented under their key, quotes where a string
    /// would read as something else, `|` for several lines. Ends in a newline.
    ///
    /// Lines are never folded, however long: a fold in a value is a trap for line tools.
    package var yaml: String { yaml(indent: 0) }

    /// The same, each line after the first indented by `indent` spaces: for one item of a
    /// sequence, whose `- ` the caller has written.
    package func yaml(indent: Int) -> String {
        var writer = YAMLWriter()
        writer.writeRoot(self, indent: indent)
        return writer.text
    }
}

/// Block-style YAML into one text.
struct YAMLWriter {
    private(set) var text = ""

    mutating func writeRoot(_ value: DocumentValue, indent: Int) {
        switch value {
        case .object(let members) where !members.isEmpty: writeMembers(members, indent: indent)
        case .array(let elements) where !elements.isEmpty: writeElements(elements, indent: indent)
        case .object, .array, .null, .bool, .number, .string:
            writeScalar(value, indent: indent)
        }
    }

    /// Members one a line; the first begins where the text ends, the others at `indent`.
    private mutating func writeMembers(_ members: [DocumentValue.Member], indent: Int) {
        var isFirst = true
        for member in members.sorted(by: { YAMLKeyOrder.precedes($0.key, $1.key) }) {
            if !isFirst { writeIndent(indent) }
            isFirst = false
            writeKey(member.key, indent: indent)
            writeMemberValue(member.value, indent: indent)
        }
    }

    /// Readers look for the colon of a plain key within 1,024 characters; a longer key says by
    /// `? ` that it is one.
    private mutating func writeKey(_ key: String, indent: Int) {
        let text = YAMLString.oneLine(key)
        if text.utf8.count <= 1_000 {
            self.text += text
        } else {
            self.text += "? " + text + "\n"
            writeIndent(indent)
        }
        self.text += ":"
    }

    private mutating func writeMemberValue(_ value: DocumentValue, indent: Int) {
        switch value {
        case .object(let members) where !members.isEmpty:
            text += "\n"
            writeIndent(indent + 2)
            writeMembers(members, indent: indent + 2)
        case .array(let elements) where !elements.isEmpty:
            text += "\n"
            writeIndent(indent)
            writeElements(elements, indent: indent)
        case .object, .array, .null, .bool, .number, .string:
            text += " "
            writeScalar(value, indent: indent + 2)
        }
    }

    private mutating func writeElements(_ elements: [DocumentValue], indent: Int) {
        var isFirst = true
        for element in elements {
            if !isFirst { writeIndent(indent) }
            isFirst = false
            text += "- "
            writeRoot(element, indent: indent + 2)
        }
    }

    /// A value of one line or a literal block whose lines stand at `indent`.
    private mutating func writeScalar(_ value: DocumentValue, indent: Int) {
        switch value {
        case .object: text += "{}"
        case .array: text += "[]"
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .number(let literal): text += literal
        case .string(let string) where indent > 0 && YAMLString.isLiteral(string):
            writeLiteral(string, indent: indent)
            return
        case .string(let string): text += YAMLString.oneLine(string)
        }
        text += "\n"
    }

    private mutating func writeLiteral(_ string: String, indent: Int) {
        var lines = string.unicodeScalars.split(
            separator: "\n", omittingEmptySubsequences: false)
        let endings = lines.reversed().prefix { $0.isEmpty }.count
        text += endings == 0 ? "|-\n" : endings == 1 ? "|\n" : "|+\n"
        if endings > 0 { lines.removeLast() }
        for line in lines {
            if !line.isEmpty { writeIndent(indent) }
            text.unicodeScalars.append(contentsOf: line)
            text += "\n"
        }
    }

    private mutating func writeIndent(_ count: Int) {
        text += String(repeating: " ", count: count)
    }
}
