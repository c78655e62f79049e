package import EndpointModel

extension DocumentValue {
    /// The value as JSON without any blank: one line, members in their order.
    package var compactJSON: String {
        var writer = CompactJSONWriter()
        writer.write(self)
        return writer.text
    }
}

/// Appends values as JSON. Recursion follows the value's depth, which readers bound.
struct CompactJSONWriter {
    private(set) var text = ""

    mutating func write(_ value: DocumentValue) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let literal): write(number: literal)
        case .string(let string): write(string: string)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                write(element)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                write(string: member.key)
                text += ":"
                write(member.value)
            }
            text += "}"
        }
    }

    /// YAML has numbers that JSON has not (`0x1F`, `.inf`): those become strings.
    private mutating func write(number literal: String) {
        if JSONNumber.isValid(literal) {
            text += literal
        } else {
            write(string: literal)
        }
    }

    /// Escapes what RFC 8259 demands and no more.
    private mutating func write(string: String) {
        text += "\""
        if string.utf8.allSatisfy({ !Self.needsEscape($0) }) {
            text += string
        } else {
            for scalar in string.unicodeScalars { write(escaping: scalar) }
        }
        text += "\""
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func write(escaping scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\u{0}"..<"\u{20}":
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
}

/// JSON's grammar of numbers.
enum JSONNumber {
    static func isValid(_ literal: String) -> Bool {
        var rest = literal.utf8[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let hasLeadingZero = rest.first == UInt8(ascii: "0")
        let integerDigits = takeDigits(&rest)
        guard integerDigits > 0, !(hasLeadingZero && integerDigits > 1) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard takeDigits(&rest) > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
            }
            guard takeDigits(&rest) > 0 else { return false }
        }
        return rest.isEmpty
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> Int {
        let before = rest.count
        while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            rest.removeFirst()
        }
        return before - rest.count
    }
}
