/// Reads the selector language in one pass, without recursion: what is open stands in `levels`,
/// on the heap, because the language has no depth limit (G12).
///
///     selector  = [ or ]
///     or        = and { "||" and }
///     and       = op { "&&" op }
///     op        = { "!" } ( condition | "(" or ")" )
///
/// Conditions and the words inside them are read by `SelectorParser+Conditions`.
struct SelectorParser {
    static let longestLabel = 512
    /// Node and value indices are 32 bits wide.
    static let longestText = Int(UInt32.max)

    let text: UnsafeBufferPointer<UInt8>
    var index = 0
    var syntax = SelectorSyntax()
    var labelIndices: [String: UInt32] = [:]
    private var levels: [Level] = []

    /// One pair of parentheses, or the whole text: 12 bytes, since a hostile text is all
    /// parentheses.
    private struct Level {
        /// Whether the `(` stood behind an odd number of `!`.
        var isNegated = false
        var completeAlternatives: UInt32 = 0
        var operandsOfAlternative: UInt32 = 0
    }

    private init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    static func parse(_ text: String) throws(SelectorError) -> SelectorSyntax {
        try read(text) { (parser) throws(SelectorError) in
            parser.skipBlanks()
            if parser.isAtEnd { return .all }
            try parser.readSelector()
            return parser.syntax
        }
    }

    /// `name` as a label, when the whole of it is one.
    static func label(_ name: String) throws(SelectorError) -> LabelName {
        try read(name) { (parser) throws(SelectorError) in
            _ = try parser.readLabel()
            guard parser.isAtEnd else { throw parser.fault(.expectedIdentifier) }
        }
        return LabelName(name)
    }

    /// `withUTF8` does not pass typed errors on, so the result goes through it as a value.
    private static func read<Read>(
        _ text: String, _ body: (inout SelectorParser) throws(SelectorError) -> Read
    ) throws(SelectorError) -> Read {
        var text = text
        let result = text.withUTF8 { bytes -> Result<Read, SelectorError> in
            var parser = SelectorParser(text: bytes)
            guard bytes.count < longestText else { return .failure(parser.fault(.longerThan4GiB)) }
            return Result { () throws(SelectorError) in try body(&parser) }
        }
        return try result.get()
    }

    private mutating func readSelector() throws(SelectorError) {
        levels = [Level()]
        repeat {
            let isNegated = readNegations()
            if take("(") {
                levels.append(Level(isNegated: isNegated))
                continue
            }
            try readCondition()
            if isNegated { syntax.nodes.append(SelectorNode(kind: .not)) }
            try closeOperand()
        } while !levels.isEmpty
    }

    /// The parity of a run of `!`.
    private mutating func readNegations() -> Bool {
        var isNegated = false
        skipBlanks()
        while peek == UInt8(ascii: "!"), peekNext != UInt8(ascii: "=") {
            isNegated.toggle()
            index += 1
            skipBlanks()
        }
        return isNegated
    }

    /// An operand is complete: reads what joins it to the next, or closes the levels that end
    /// here. Afterwards either the next operand follows or no level is open.
    private mutating func closeOperand() throws(SelectorError) {
        while var level = levels.popLast() {
            level.operandsOfAlternative += 1
            skipBlanks()
            if try takeTwice("&", orFail: .expectedAnd) {
                levels.append(level)
                return
            }
            join(.and, level.operandsOfAlternative)
            level.operandsOfAlternative = 0
            level.completeAlternatives += 1
            if try takeTwice("|", orFail: .expectedOr) {
                levels.append(level)
                return
            }
            join(.or, level.completeAlternatives)
            try closeLevel(level)
        }
    }

    private mutating func join(_ kind: SelectorNode.Kind, _ count: UInt32) {
        if count > 1 { syntax.nodes.append(SelectorNode(kind: kind, count: count)) }
    }

    private mutating func closeLevel(_ level: Level) throws(SelectorError) {
        if levels.isEmpty {
            guard isAtEnd else { throw fault(.trailingContent) }
        } else {
            guard take(")") else { throw fault(.expectedClosingParenthesis) }
            if level.isNegated { syntax.nodes.append(SelectorNode(kind: .not)) }
        }
    }

    /// Takes `&&` or `||`; one alone is a fault.
    private mutating func takeTwice(
        _ character: Unicode.Scalar, orFail gist: SelectorError.Gist
    ) throws(SelectorError) -> Bool {
        guard take(character) else { return false }
        guard take(character) else {
            index -= 1
            throw fault(gist)
        }
        return true
    }
}

extension SelectorParser {
    var isAtEnd: Bool { index == text.count }
    var peek: UInt8? { isAtEnd ? nil : text[index] }
    var peekNext: UInt8? { index + 1 < text.count ? text[index + 1] : nil }

    mutating func skipBlanks() {
        while let byte = peek, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
            index += 1
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let byte = peek, UInt32(byte) == character.value else { return false }
        index += 1
        return true
    }

    /// Takes `word` if it stands here.
    mutating func take(word: StaticString) -> Bool {
        guard text.count - index >= word.utf8CodeUnitCount else { return false }
        let matches = word.withUTF8Buffer { $0.elementsEqual(text[index..<index + $0.count]) }
        if matches { index += word.utf8CodeUnitCount }
        return matches
    }

    func fault(_ gist: SelectorError.Gist) -> SelectorError {
        fault(gist, at: index)
    }

    func fault(_ gist: SelectorError.Gist, at position: Int) -> SelectorError {
        var end = min(text.count, position + 40)
        // Not in the middle of a character.
        while end > position, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
        return SelectorError(
            gist: gist, position: position,
            offending: String(decoding: text[position..<end], as: UTF8.self))
    }
}
