/// Cuts one top-level JSON value into pieces, byte by byte, without reading it: an object is one
/// piece, an array gives each element, and a list (`{"kind":"…List","items":[…]}`) gives each
/// item and at the end its envelope. Nothing but the current piece is held, so that a list may
/// be of any length.
///
/// It only counts brackets and knows strings; whether a piece is JSON is the reader's
/// judgement. Two things show that brackets cannot be trusted any more: a newline inside a
/// string, and an opening brace at the column of a document or item where no value can
/// begin. Valid JSON has neither; there the piece is given up and the next one begins.
struct JSONCutter {
    enum Step {
        case more
        /// The byte was the last of the value.
        case ended
        /// The value is broken, and the byte belongs to what follows.
        case abandoned
        /// The value is broken, and the byte is the second of what may be `---`.
        case marker
        /// The value is broken; what follows it must be searched for.
        case lost
    }

    /// Where the cutter is.
    private enum Level {
        /// In a top-level object, outside its streamed list.
        case object
        /// Between the elements of an array or list.
        case elements
        /// In an element that ends by its brackets or quotes.
        case element
        /// In an element that ends before the next comma, bracket or blank.
        case scalar
        /// After a broken element, looking for the next.
        case skipping
    }

    /// What may come next between elements.
    private enum Expectation {
        case elementOrEnd
        case element
        case commaOrEnd
    }

    /// How far a member of the top-level object is.
    private enum MemberPhase {
        case key
        case colon
        case value
        case done
    }

    private var level: Level
    private var expectation = Expectation.elementOrEnd
    private var phase = MemberPhase.key
    private var text: BoundedText
    private var origin: TextPlace
    private var envelope: (text: BoundedText, origin: TextPlace)?
    /// The key whose list is or was streamed; nil for an array.
    private var listKey: String?
    private var nextItem = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The last byte outside strings that is no blank.
    private var previous: UInt8 = 0
    /// Nothing but blanks so far on this line.
    private var isLineStart = false
    private var isDashAtLineStart = false
    /// The column of elements that begin their line.
    private var elementColumn: Int?
    /// The string being read at the first level of the object, as far as it can be of interest.
    private var token: [UInt8] = []
    private var key: [UInt8] = []
    private var kind: [UInt8]?

    /// What was cut so far; taken by the caller after each step.
    private(set) var pieces: [DocumentPiece] = []

    private let listKeys: [String]
    private let limits: DocumentLimits

    /// `open` is the brace or bracket that the value begins with, at `place`.
    init(open: UInt8, at place: TextPlace, listKeys: [String], limits: DocumentLimits) {
        level = open == .openBrace ? .object : .elements
        origin = place
        text = BoundedText(limit: limits.documentBytes)
        self.listKeys = listKeys
        self.limits = limits
        if level == .object {
            text.append(open)
            depth = 1
        }
        previous = open
    }

    mutating func takePieces() -> [DocumentPiece] {
        defer { pieces = [] }
        return pieces
    }

    mutating func step(_ byte: UInt8, at place: TextPlace) -> Step {
        if isInString { return insideString(byte) }
        let beginsLine = isLineStart && !byte.isJSONSpace
        if byte == .newline { isLineStart = true } else if beginsLine { isLineStart = false }
        // `---` at the start of a line: a bracket was never closed and a document follows.
        if byte == .dash, place.column == 2, isDashAtLineStart { return markerMet(place) }
        if isDashAtLineStart, level == .elements { beginHeldDash(place) }
        isDashAtLineStart = byte == .dash && place.column == 1
        switch level {
        case .object, .element: return inside(byte, place, beginsLine: beginsLine)
        case .elements: return betweenElements(byte, place, beginsLine: beginsLine)
        case .scalar: return insideScalar(byte, place, beginsLine: beginsLine)
        case .skipping: return skipping(byte, place, beginsLine: beginsLine)
        }
    }

    /// How many bytes from `index` on need no step: the inside of a string, blanks within a line.
    func quietBytes(_ bytes: [UInt8], from index: Int) -> Int {
        var end = index
        if isInString {
            guard !isEscaped, !isFirstLevel else { return 0 }
            while end < bytes.count, bytes[end] >= .space, bytes[end] != .quote,
                bytes[end] != .backslash
            {
                end += 1
            }
        } else {
            guard level == .element || level == .object, !isDashAtLineStart else { return 0 }
            while end < bytes.count, bytes[end] == .space { end += 1 }
        }
        return end - index
    }

    mutating func takeQuiet(_ bytes: ArraySlice<UInt8>) { text.append(bytes) }

    /// The input ends inside the value.
    mutating func finish(at place: TextPlace) {
        if isDashAtLineStart, level == .elements { beginHeldDash(place) }
        switch level {
        case .object, .element: cut(.broken)
        case .scalar:
            cut(.complete)
            listIsNotClosed(at: place)
        case .elements: listIsNotClosed(at: place)
        case .skipping: break
        }
    }

    private mutating func listIsNotClosed(at place: TextPlace) {
        fault(.truncated, "the list is not closed", "check that the input is complete", at: place)
    }

    // MARK: Inside an object or element

    private mutating func inside(
        _ byte: UInt8, _ place: TextPlace, beginsLine: Bool
    ) -> Step {
        if byte == .openBrace, beginsLine, isMisplaced(at: place.column) {
            return broken(before: byte, place)
        }
        text.append(byte)
        switch byte {
        case .quote:
            isInString = true
            token.removeAll(keepingCapacity: true)
        case .openBracket where beginsList:
            previous = byte
            beginList()
            return .more
        case .openBrace, .openBracket:
            if isFirstLevel { phase = .done }
            depth += 1
        case .closeBrace, .closeBracket:
            depth -= 1
            if depth == 0 { return end() }
        case .colon: if isFirstLevel, phase == .colon { phase = .value }
        case .comma: if isFirstLevel { phase = .key }
        default: break
        }
        if !byte.isJSONSpace { previous = byte }
        return .more
    }

    private mutating func insideString(_ byte: UInt8) -> Step {
        text.append(byte)
        if isEscaped {
            isEscaped = false
        } else if byte == .backslash {
            isEscaped = true
        } else if byte == .quote {
            isInString = false
            previous = .quote
            stringEnded()
            return depth == 0 ? end() : .more
        } else if byte == .newline {
            isInString = false
            isLineStart = true
            return brokenInString()
        }
        if isFirstLevel, token.count < 64 { token.append(byte) }
        return .more
    }

    private var isFirstLevel: Bool { level == .object && depth == 1 }

    private mutating func stringEnded() {
        guard isFirstLevel else { return }
        switch phase {
        case .key:
            key = token
            phase = .colon
        case .value:
            if key.elementsEqual("kind".utf8) { kind = token }
            phase = .done
        case .colon, .done: break
        }
    }

    /// An opening brace can follow only a colon, a comma or an opening bracket. Where one begins a
    /// line in the column of documents or items after anything else, a bracket is missing.
    private func isMisplaced(at column: Int) -> Bool {
        guard column == 1 || (level == .element && column == elementColumn) else { return false }
        return previous != .colon && previous != .comma && previous != .openBracket
    }

    // MARK: Lists

    /// Whether an opening bracket here opens a list to be streamed: under one of its keys, unless
    /// the kind is known and no list's.
    private var beginsList: Bool {
        guard isFirstLevel, phase == .value, listKey == nil,
            listKeys.contains(where: { key.elementsEqual($0.utf8) })
        else { return false }
        return kind.map { $0.suffix(4).elementsEqual("List".utf8) } ?? true
    }

    private mutating func beginList() {
        listKey = String(decoding: key, as: UTF8.self)
        envelope = (text, origin)
        level = .elements
        expectation = .elementOrEnd
        text = BoundedText(limit: limits.documentBytes)
    }

    private mutating func betweenElements(
        _ byte: UInt8, _ place: TextPlace, beginsLine: Bool
    ) -> Step {
        if byte.isJSONSpace { return .more }
        previous = byte
        switch byte {
        case .comma:
            if expectation != .commaOrEnd {
                fault(.syntax, "a comma follows no element", "remove the comma", at: place)
            }
            expectation = .element
        case .closeBracket:
            if expectation == .element {
                fault(.syntax, "no element follows a comma", "remove the comma", at: place)
            }
            return endList(byte)
        case .dash where place.column == 1: break
        case .closeBrace, .colon:
            let shown = Character(Unicode.Scalar(byte))
            fault(.syntax, "'\(shown)' begins no element", "correct the JSON there", at: place)
            level = .skipping
        default: beginElement(byte, place, beginsLine: beginsLine)
        }
        return .more
    }

    /// A dash in the first column was held back, since it could have been one of `---`.
    private mutating func beginHeldDash(_ place: TextPlace) {
        let start = TextPlace(line: place.line, column: 1, byteOffset: place.byteOffset &- 1)
        beginElement(.dash, start, beginsLine: true)
    }

    private mutating func beginElement(_ byte: UInt8, _ place: TextPlace, beginsLine: Bool) {
        if expectation == .commaOrEnd {
            fault(.syntax, "a comma is missing between two elements", "add it", at: place)
        }
        elementColumn = beginsLine ? place.column : nil
        origin = place
        text.clear()
        text.append(byte)
        previous = byte
        depth = byte == .openBrace || byte == .openBracket ? 1 : 0
        isInString = byte == .quote
        level = depth == 1 || isInString ? .element : .scalar
    }

    private mutating func insideScalar(
        _ byte: UInt8, _ place: TextPlace, beginsLine: Bool
    ) -> Step {
        guard byte.isJSONSpace || byte == .comma || byte == .closeBracket else {
            text.append(byte)
            return .more
        }
        _ = end()
        return betweenElements(byte, place, beginsLine: beginsLine)
    }

    private mutating func endList(_ byte: UInt8) -> Step {
        guard let envelope else { return .ended }
        text = envelope.text
        text.append(byte)
        origin = envelope.origin
        self.envelope = nil
        level = .object
        phase = .done
        depth = 1
        return .more
    }

    // MARK: Ends of pieces

    private mutating func end() -> Step {
        let isObject = level == .object
        cut(.complete)
        guard !isObject else { return .ended }
        level = .elements
        expectation = .commaOrEnd
        return .more
    }

    private mutating func cut(_ condition: DocumentPiece.Condition) {
        let condition = text.isOversize ? .oversize : condition
        pieces.append(
            DocumentPiece(role: role, condition: condition, text: text.bytes, origin: origin))
        if level != .object { nextItem += 1 }
        text.clear()
    }

    private var role: DocumentPiece.Role {
        guard level == .object else { return .item(nextItem, of: listKey) }
        return listKey.map { .envelope(of: $0) } ?? .whole
    }

    private mutating func fault(
        _ code: DocumentSyntaxError.Code, _ message: String, _ remedy: String, at place: TextPlace
    ) {
        let error = DocumentSyntaxError(code, message, remedy: remedy, at: place)
        let role = DocumentPiece.Role.item(nextItem, of: listKey)
        pieces.append(
            DocumentPiece(role: role, condition: .fault(error), text: [], origin: place))
    }

    // MARK: Broken pieces

    private mutating func brokenInString() -> Step {
        let isObject = level == .object
        cut(.broken)
        guard !isObject else { return .lost }
        level = .skipping
        return .more
    }

    private mutating func broken(before byte: UInt8, _ place: TextPlace) -> Step {
        let isElement = level == .element && place.column == elementColumn
        cut(.broken)
        guard isElement else { return .abandoned }
        expectation = .elementOrEnd
        beginElement(byte, place, beginsLine: true)
        return .more
    }

    private mutating func markerMet(_ place: TextPlace) -> Step {
        switch level {
        case .object, .element, .scalar:
            text.dropLast()
            cut(.broken)
        case .elements: listIsNotClosed(at: place)
        case .skipping: break
        }
        return .marker
    }

    /// The next item begins its line in the column of the items; a closing bracket further left
    /// closes the list; a brace or bracket in the first column is another document.
    private mutating func skipping(
        _ byte: UInt8, _ place: TextPlace, beginsLine: Bool
    ) -> Step {
        guard beginsLine else { return .more }
        if byte == .openBrace, place.column == elementColumn {
            expectation = .elementOrEnd
            level = .elements
            return betweenElements(byte, place, beginsLine: true)
        }
        if byte == .closeBracket, let elementColumn, place.column < elementColumn {
            expectation = .commaOrEnd
            level = .elements
            return betweenElements(byte, place, beginsLine: true)
        }
        let isDocument = byte == .openBrace || byte == .openBracket
        return isDocument && place.column == 1 ? .abandoned : .more
    }
}
