/// How a string is written in block-style YAML. Works on Unicode scalars throughout: a quote with a
/// combining mark is one character to Swift and still a quote to YAML.
enum YAMLString {
    /// Plain where every reader takes it for the same string, in single quotes where its
    /// characters forbid that, in double quotes where its meaning or a control character does.
    static func oneLine(_ string: String) -> String {
        if isEvidentlyPlain(string) { return string }
        let shape = Shape(string)
        if shape.needsEscapes || YAMLScalar.readsAsOtherThanString(string) {
            return doubleQuoted(string)
        }
        if shape.isPlain { return string }
        return singleQuoted(string)
    }

    /// The short way for what nearly all keys and values are: a letter that begins none of YAML's
    /// words, then letters, digits and marks without a meaning.
    private static func isEvidentlyPlain(_ string: String) -> Bool {
        guard let first = string.utf8.first, (first | 0x20) &- 0x61 < 26 else { return false }
        let length = string.utf8.count
        if length <= 5, YAMLScalar.readsAsOtherThanString(string) { return false }
        return string.utf8.allSatisfy {
            $0.isKeyByte || $0 == .dot || $0 == UInt8(ascii: "/")
        }
    }

    /// Whether a literal block (`|`) can hold the string: several printable lines, none of
    /// which ends in a space, and a first one that shows the indentation.
    static func isLiteral(_ string: String) -> Bool {
        guard string.utf8.contains(.newline) else { return false }
        let scalars = string.unicodeScalars
        if scalars.first == " " || scalars.first == "\n" || scalars.last == " " { return false }
        var previous: Unicode.Scalar = "\n"
        for scalar in scalars {
            if scalar == "\n" {
                if previous == " " { return false }
            } else if !isPrintable(scalar) {
                return false
            }
            previous = scalar
        }
        return true
    }

    /// What the characters of a string allow, apart from what it would be resolved to.
    private struct Shape {
        var needsEscapes = false
        var isPlain = true

        init(_ string: String) {
            let scalars = Array(string.unicodeScalars)
            if scalars.starts(with: "---".unicodeScalars) { isPlain = false }
            if scalars.starts(with: "...".unicodeScalars) { isPlain = false }
            if scalars.first == " " || scalars.last == " " { isPlain = false }
            for (index, scalar) in scalars.enumerated() {
                if !YAMLString.isPrintable(scalar) { needsEscapes = true }
                let isBeforeSpace = index + 1 == scalars.count || scalars[index + 1] == " "
                switch scalar {
                case "#": if index == 0 || scalars[index - 1] == " " { isPlain = false }
                case ":": if isBeforeSpace { isPlain = false }
                case "-", "?": if index == 0, isBeforeSpace { isPlain = false }
                case ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`":
                    if index == 0 { isPlain = false }
                default: break
                }
            }
        }
    }

    /// What may stand in YAML as it is; the byte order mark and the foreign line breaks may not.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2028, 0x2029, 0xFEFF: false
        case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func singleQuoted(_ string: String) -> String {
        var text = "'"
        for scalar in string.unicodeScalars {
            text.unicodeScalars.append(scalar)
            if scalar == "'" { text.unicodeScalars.append(scalar) }
        }
        return text + "'"
    }

    private static func doubleQuoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}": text += "\\0"
            case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
            default: text += escaped(scalar.value)
            }
        }
        return text + "\""
    }

    private static func escaped(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let (letter, width) = value <= 0xFF ? ("x", 2) : value <= 0xFFFF ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// The order of keys in printed YAML: by scalar, letters after everything else and runs of
/// digits by their number (`p2` before `p10`), as the Go library sorts them.
enum YAMLKeyOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        // Two ASCII letters, which is nearly always: they decide without a look at the rest.
        if let (leftByte, rightByte) = zip(left.utf8, right.utf8).first(where: { $0 != $1 }),
            isLetter(leftByte), isLetter(rightByte)
        {
            return leftByte < rightByte
        }
        return precedesByRuns(left, right)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private static func precedesByRuns(_ left: String, _ right: String) -> Bool {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        guard let index = zip(left, right).enumerated().first(where: { $1.0 != $1.1 })?.offset
        else { return left.count < right.count }
        let isLeftLetter = left[index].properties.isAlphabetic
        let isRightLetter = right[index].properties.isAlphabetic
        if isLeftLetter != isRightLetter { return isRightLetter }
        if isLeftLetter { return left[index] < right[index] }
        let leftRun = digitRun(in: left, around: index)
        let rightRun = digitRun(in: right, around: index)
        let leftNumber = leftRun.drop { $0 == "0" }
        let rightNumber = rightRun.drop { $0 == "0" }
        // Without leading zeros a longer run is a greater number.
        if leftNumber.count != rightNumber.count { return leftNumber.count < rightNumber.count }
        if leftNumber != rightNumber { return leftNumber.lexicographicallyPrecedes(rightNumber) }
        if leftRun.count != rightRun.count { return leftRun.count < rightRun.count }
        return left[index] < right[index]
    }

    /// The run of decimal digits that `index` is in or at the end of.
    private static func digitRun(
        in scalars: [Unicode.Scalar], around index: Int
    ) -> ArraySlice<Unicode.Scalar> {
        func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
        var start = index
        while start > 0, isDigit(scalars[start - 1]) { start -= 1 }
        var end = index
        while end < scalars.count, isDigit(scalars[end]) { end += 1 }
        return scalars[start..<end]
    }
}
