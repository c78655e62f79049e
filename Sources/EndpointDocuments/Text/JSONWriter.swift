package import EndpointModel

extension DocumentValue {
    /// JSON as Go's `MarshalIndent` with two spaces prints it, which is how calicoctl prints: no
    /// newline at the end, `{}` and `[]` for what is empty, `<`, `>` and `&` escaped.
    package var prettyJSON: String { prettyJSON(level: 0) }

    /// The same, as it stands `level` levels inside another value: what follows the first line
    /// is indented so. A list of any length can be printed item by item with it.
    package func prettyJSON(level: Int) -> String {
        var writer = JSONWriter()
        writer.write(self, level: level)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Indented JSON into one buffer.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: DocumentValue, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let bool): append(bool ? "true" : "false")
        case .number(let literal): append(literal)
        case .string(let text): writeString(text)
        case .array(let elements):
            writeContainer(elements, "[", "]", level) { writer, element in
                writer.write(element, level: level + 1)
            }
        case .object(let members):
            writeContainer(members, "{", "}", level) { writer, member in
                writer.writeString(member.key)
                writer.append(": ")
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func writeContainer<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ level: Int,
        writeElement: (inout JSONWriter, Element) -> Void
    ) {
        append(open)
        var separator = ""
        for element in elements {
            append(separator)
            startLine(level + 1)
            writeElement(&self, element)
            separator = ","
        }
        if !elements.isEmpty { startLine(level) }
        append(close)
    }

    private mutating func startLine(_ level: Int) {
        bytes.append(.newline)
        bytes.append(contentsOf: repeatElement(.space, count: 2 * level))
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    // MARK: Strings

    private mutating func writeString(_ text: String) {
        bytes.append(.quote)
        if text.utf8.allSatisfy(Self.isPlain) {
            append(text)
        } else {
            for scalar in text.unicodeScalars { writeScalar(scalar) }
        }
        bytes.append(.quote)
    }

    /// ASCII that needs no escape. U+2028 and U+2029 hide behind bytes that are not ASCII.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case .quote, .backslash, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
        default: byte >= 0x20 && byte < 0x80
        }
    }

    private mutating func writeScalar(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": append("\\\"")
        case "\\": append("\\\\")
        case "\n": append("\\n")
        case "\r": append("\\r")
        case "\t": append("\\t")
        case "\u{8}": append("\\b")
        case "\u{C}": append("\\f")
        case "<", ">", "&", "\u{0}"..<" ", "\u{2028}", "\u{2029}":
            let digits = String(scalar.value, radix: 16)
            append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}
