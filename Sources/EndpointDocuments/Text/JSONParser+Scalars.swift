/// Strings and numbers.
extension JSONParser {
    /// A string from its opening quote on. Without escapes, which is nearly always, it is cut
    /// out of the checked text as it stands.
    mutating func string() throws(DocumentSyntaxError) -> String {
        index += 1
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            if byte == .quote {
                let text = text(start..<index)
                index += 1
                return text
            }
            if byte == .backslash { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw controlCharacter() }
            index += 1
        }
        throw truncated("a string is not closed")
    }

    private mutating func escapedString(
        from start: Int
    ) throws(DocumentSyntaxError) -> String {
        var content = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case .quote: return String(decoding: content, as: UTF8.self)
            case .backslash: try appendEscape(to: &content)
            case 0x20...: content.append(byte)
            default:
                index -= 1
                throw controlCharacter()
            }
        }
        throw truncated("a string is not closed")
    }

    /// The escape after its backslash.
    private mutating func appendEscape(to content: inout [UInt8]) throws(DocumentSyntaxError) {
        guard index < bytes.count else { throw truncated("an escape is not complete") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case .quote, .backslash, UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(.newline)
        case UInt8(ascii: "r"): content.append(.carriageReturn)
        case UInt8(ascii: "t"): content.append(.tab)
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape()
            content.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw fault("the escape after \\ is none of JSON's", at: index - 2)
        }
    }

    /// One scalar from the digits after `\u`, with its second half when it is a surrogate.
    private mutating func unicodeEscape() throws(DocumentSyntaxError) -> Unicode.Scalar {
        let start = index - 2
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(.backslash), take(UInt8(ascii: "u")) else {
            throw index < bytes.count
                ? fault("half of a surrogate pair stands alone", at: start)
                : truncated("a surrogate pair is not complete")
        }
        let second = try fourHexDigits()
        let pair = 0x10000 &+ (first &- 0xD800) << 10 &+ (second &- 0xDC00)
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(pair) else {
            throw fault("half of a surrogate pair stands alone", at: start)
        }
        return scalar
    }

    private mutating func fourHexDigits() throws(DocumentSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count else { throw truncated("an escape is not complete") }
            guard let digit = bytes[index].hexValue else {
                throw fault("\\u needs four hexadecimal digits")
            }
            value = value << 4 | digit
            index += 1
        }
        return value
    }

    private func controlCharacter() -> DocumentSyntaxError {
        let byte = index < bytes.count ? String(bytes[index], radix: 16) : ""
        return fault("the control character 0x\(byte) stands bare in a string")
    }

    /// A number's literal, checked against JSON's grammar and kept as typed.
    mutating func number() throws(DocumentSyntaxError) -> String {
        let start = index
        _ = take(.dash)
        if take(UInt8(ascii: "0")) {
            guard index == bytes.count || !bytes[index].isDigit else {
                throw fault("a number does not begin with 0", at: start)
            }
        } else {
            try digits(of: start)
        }
        if take(.dot) { try digits(of: start) }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(.dash) }
            try digits(of: start)
        }
        return text(start..<index)
    }

    private mutating func digits(of start: Int) throws(DocumentSyntaxError) {
        let first = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard index > first else {
            throw index < bytes.count
                ? fault("a digit is missing in a number", at: start)
                : truncated("a digit is missing in a number")
        }
    }

    /// The text is checked as a whole before parsing, and cuts fall beside ASCII bytes.
    private func text(_ range: Range<Int>) -> String {
        String(copying: UTF8Span(unchecked: bytes.span.extracting(range)))
    }
}
