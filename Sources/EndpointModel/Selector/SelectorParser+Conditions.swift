/// One condition: `all()`, `global()`, `has(LABEL)`, or a label, an operator and what it is
/// compared with.
extension SelectorParser {
    mutating func readCondition() throws(SelectorError) {
        let start = index
        let length = labelRun(from: index)
        guard length > 0 else { throw faultWithoutLabel() }
        if start + length < text.count, text[start + length] == UInt8(ascii: "(") {
            if take(word: "has(") { return try readHas() }
            if take(word: "all(") { return try readCall("all", .all) }
            if take(word: "global(") { return try readCall("global", .global) }
        }
        let label = try readLabel()
        skipBlanks()
        try readComparison(of: label, named: start..<start + length)
    }

    private mutating func readHas() throws(SelectorError) {
        skipBlanks()
        let label = try readLabel()
        skipBlanks()
        guard take(")") else { throw fault(.unclosedCall("has")) }
        syntax.nodes.append(SelectorNode(kind: .has, label: label))
    }

    private mutating func readCall(
        _ name: String, _ kind: SelectorNode.Kind
    ) throws(SelectorError) {
        skipBlanks()
        guard take(")") else { throw fault(.unclosedCall(name)) }
        syntax.nodes.append(SelectorNode(kind: kind))
    }

    /// Words are operators only here, right after a label, so that `in == "x"` can be asked.
    private mutating func readComparison(
        of label: UInt32, named name: Range<Int>
    ) throws(SelectorError) {
        if take(word: "==") { return try readString(.equals, label) }
        if take(word: "!=") { return try readString(.notEquals, label) }
        if peek == UInt8(ascii: "=") { throw fault(.expectedEquals) }
        if takeOperator("contains") { return try readString(.contains, label) }
        if takeOperator("starts", "with") { return try readString(.startsWith, label) }
        if takeOperator("ends", "with") { return try readString(.endsWith, label) }
        if takeOperator("in") { return try readSet(.isIn, label) }
        if takeOperator("not", "in") { return try readSet(.isNotIn, label) }
        let text = String(decoding: text[name], as: UTF8.self)
        throw fault(isAtEnd ? .unexpectedEnd(label: text) : .expectedOperator(label: text))
    }

    /// Takes a word that ends here: `in{` is the operator, `inx` is not.
    private mutating func takeOperator(_ word: StaticString) -> Bool {
        let start = index
        if take(word: word), labelRun(from: index) == 0 { return true }
        index = start
        return false
    }

    /// Takes two words, glued or with blanks between them.
    private mutating func takeOperator(_ first: StaticString, _ second: StaticString) -> Bool {
        let start = index
        if take(word: first) {
            skipBlanks()
            if takeOperator(second) { return true }
        }
        index = start
        return false
    }
}

/// Labels, strings and sets.
extension SelectorParser {
    mutating func readLabel() throws(SelectorError) -> UInt32 {
        let length = labelRun(from: index)
        guard length > 0 else { throw fault(.expectedIdentifier) }
        guard length <= Self.longestLabel else { throw fault(.labelTooLong) }
        let name = String(decoding: text[index..<index + length], as: UTF8.self)
        index += length
        if let known = labelIndices[name] { return known }
        let label = UInt32(syntax.labels.count)
        syntax.labels.append(LabelName(name))
        labelIndices[name] = label
        return label
    }

    private mutating func readString(
        _ kind: SelectorNode.Kind, _ label: UInt32
    ) throws(SelectorError) {
        skipBlanks()
        guard let range = try takeQuoted() else { throw fault(.expectedString) }
        let first = UInt32(syntax.values.count)
        keep(range)
        syntax.nodes.append(SelectorNode(kind: kind, label: label, first: first, count: 1))
    }

    private mutating func readSet(
        _ kind: SelectorNode.Kind, _ label: UInt32
    ) throws(SelectorError) {
        skipBlanks()
        guard take("{") else { throw fault(.expectedSet) }
        var members: [Range<Int>] = []
        skipBlanks()
        while !take("}") {
            guard let member = try takeQuoted() else { throw fault(.expectedClosingBrace) }
            members.append(member)
            skipBlanks()
            if !take(","), peek != UInt8(ascii: "}") { throw fault(.expectedClosingBrace) }
            skipBlanks()
        }
        let first = UInt32(syntax.values.count)
        keepSorted(members)
        let count = UInt32(syntax.values.count) - first
        syntax.nodes.append(SelectorNode(kind: kind, label: label, first: first, count: count))
    }

    private mutating func keepSorted(_ members: [Range<Int>]) {
        let bytes = UnsafeRawBufferPointer(text)
        let sorted = members.sorted {
            ByteOrder.compare(bytes[rebasing: $0], bytes[rebasing: $1]) < 0
        }
        var previous: Range<Int>?
        for member in sorted {
            if let previous, ByteOrder.equal(bytes[rebasing: previous], bytes[rebasing: member]) {
                continue
            }
            previous = member
            keep(member)
        }
    }

    private mutating func keep(_ range: Range<Int>) {
        syntax.values.append(
            SelectorValue(offset: UInt32(syntax.text.count), count: UInt32(range.count)))
        syntax.text.append(contentsOf: text[range])
    }

    /// The inside of a quoted string; nil when no quote stands here.
    private mutating func takeQuoted() throws(SelectorError) -> Range<Int>? {
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        else { return nil }
        let start = index
        guard let end = text[(start + 1)...].firstIndex(of: quote)
        else { throw fault(.unterminatedString) }
        index = end + 1
        return start + 1..<end
    }

    /// How many bytes of a label name stand from `start` on.
    private func labelRun(from start: Int) -> Int {
        var end = start
        while end < text.count, Self.isLabelByte(text[end]) { end += 1 }
        return end - start
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true  // "-./0123456789" stand together in ASCII
        default: false
        }
    }

    /// Nothing that can begin a condition stands here: says what does.
    private mutating func faultWithoutLabel() -> SelectorError {
        guard let byte = peek else { return fault(.unexpectedToken) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let isClosed = text[(index + 1)...].contains(byte)
            return fault(isClosed ? .unexpectedToken : .unterminatedString)
        case UInt8(ascii: "&"):
            return fault(peekNext == byte ? .unexpectedToken : .expectedAnd)
        case UInt8(ascii: "|"):
            return fault(peekNext == byte ? .unexpectedToken : .expectedOr)
        case UInt8(ascii: "="):
            return fault(peekNext == byte ? .unexpectedToken : .expectedEquals)
        case UInt8(ascii: "!"), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: ","):
            return fault(.unexpectedToken)
        default:
            return fault(.expectedIdentifier)
        }
    }
}
