package import EndpointModel

extension DocumentValue {
    /// The value as JSON without any blank: one line, members in their order.
    package var compactJSON: String {
        var writer = CompactJSONWriter()
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Appends values as JSON to one buffer. Recursion follows the value's depth, which readers
/// bound.
struct CompactJSONWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    mutating func write(_ value: DocumentValue) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .number(let literal): write(number: literal)
        case .string(let string): write(string: string)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(string: member.key)
                bytes.append(UInt8(ascii: ":"))
                write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// What is no number to JSON (YAML's `0x1F`, `.inf`) becomes a string.
    private mutating func write(number literal: String) {
        if JSONNumber.isValid(literal) {
            append(literal)
        } else {
            write(string: literal)
        }
    }

    /// Escapes what RFC 8259 demands and no more. All of that is ASCII, so bytes are enough.
    private mutating func write(string: String) {
        bytes.append(UInt8(ascii: "\""))
        if string.utf8.contains(where: Self.needsEscape) {
            for byte in string.utf8 { write(escaping: byte) }
        } else {
            append(string)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func write(escaping byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0..<0x10: append("\\u000" + String(byte, radix: 16))
        case 0x10..<0x20: append("\\u00" + String(byte, radix: 16))
        default: bytes.append(byte)
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
