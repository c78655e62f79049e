/// Cuts a YAML list into its items, line by line, without reading it: the block sequence under a
/// top-level `items:`, as `calicoctl get -o yaml` prints it, or a sequence that is the whole
/// document. What stands around the items is the envelope.
///
/// An item begins at a `- ` in the column of the first one and ends before the next or before a
/// line further left; its dash becomes a blank, so that every place in it stays true.
struct YAMLItemCutter {
    private enum Phase: Equatable {
        /// Outside the items.
        case envelope
        /// After `items:`, before anything significant.
        case beforeItems
        /// Among items whose dashes stand in the column `indent` (from 0).
        case items(indent: Int)
    }

    private var phase = Phase.envelope
    private var envelope: BoundedText
    private var envelopeOrigin: TextPlace?
    private var item: BoundedText
    private var itemOrigin = TextPlace.start
    private var isInItem = false
    private var nextItem = 0
    private(set) var pieces: [DocumentPiece] = []
    /// Nil until items were met; then the key they stand under, which is nil itself for a sequence.
    private(set) var listKey: String??

    init(limits: DocumentLimits) {
        envelope = BoundedText(limit: limits.documentBytes)
        item = BoundedText(limit: limits.documentBytes)
    }

    mutating func takePieces() -> [DocumentPiece] {
        defer { pieces = [] }
        return pieces
    }

    /// One line with its newline; `place` is its start.
    mutating func line(_ line: [UInt8], at place: TextPlace) {
        let shape = YAMLLine(line)
        switch phase {
        case .envelope: envelopeLine(line, shape, place)
        case .beforeItems:
            guard shape.isSignificant else { return }
            if shape.isDash {
                beginItems(line, shape, place, key: "items")
            } else {
                phase = .envelope
                envelopeLine(line, shape, place)
            }
        case .items(let indent):
            if !shape.isSignificant || shape.indent > indent {
                item.append(line)
            } else if shape.isDash, shape.indent == indent {
                endItem()
                beginItem(line, shape, place)
            } else {
                endItem()
                phase = .envelope
                envelopeLine(line, shape, place)
            }
        }
    }

    /// The document ends.
    mutating func finish() {
        endItem()
        guard let listKey, let origin = envelopeOrigin else { return }
        pieces.append(
            DocumentPiece(
                role: .envelope(of: listKey),
                condition: envelope.isOversize ? .oversize : .complete, text: envelope.bytes,
                origin: origin))
    }

    private mutating func envelopeLine(
        _ line: [UInt8], _ shape: YAMLLine, _ place: TextPlace
    ) {
        if shape.isDash, envelopeOrigin == nil, listKey == nil {
            beginItems(line, shape, place, key: nil)
        } else if shape.isItemsKey {
            phase = .beforeItems
            appendToEnvelope(Array("items: []\n".utf8), place)
        } else if shape.isSignificant || envelopeOrigin != nil {
            appendToEnvelope(line, place)
        }
    }

    private mutating func appendToEnvelope(_ line: [UInt8], _ place: TextPlace) {
        if envelopeOrigin == nil { envelopeOrigin = place }
        envelope.append(line)
    }

    private mutating func beginItems(
        _ line: [UInt8], _ shape: YAMLLine, _ place: TextPlace, key: String?
    ) {
        listKey = .some(key)
        phase = .items(indent: shape.indent)
        beginItem(line, shape, place)
    }

    private mutating func beginItem(_ line: [UInt8], _ shape: YAMLLine, _ place: TextPlace) {
        item.clear()
        item.append(line.prefix(shape.indent))
        item.append(.space)
        item.append(line.dropFirst(shape.indent + 1))
        itemOrigin = place
        isInItem = true
    }

    private mutating func endItem() {
        guard isInItem, case .some(let key) = listKey else { return }
        pieces.append(
            DocumentPiece(
                role: .item(nextItem, of: key),
                condition: item.isOversize ? .oversize : .complete, text: item.bytes,
                origin: itemOrigin))
        nextItem += 1
        isInItem = false
    }
}

/// What can be told of a line of block YAML without reading it.
struct YAMLLine {
    /// Leading blanks.
    let indent: Int
    /// Neither blank nor only a comment.
    let isSignificant: Bool
    /// Begins an element of a sequence.
    let isDash: Bool
    /// Is the key `items` at the top level, with its value on the lines that follow.
    let isItemsKey: Bool

    init(_ line: [UInt8]) {
        let indent = line.prefix { $0 == .space }.count
        self.indent = indent
        let content = line[indent...]
        let isSignificant = !Self.isBlankOrComment(content)
        self.isSignificant = isSignificant
        isDash = isSignificant && content.first == .dash && Self.isBreak(content.dropFirst().first)
        let key = Array("items:".utf8)
        isItemsKey =
            indent == 0 && content.starts(with: key)
            && Self.isBreak(content.dropFirst(key.count).first)
            && Self.isBlankOrComment(content.dropFirst(key.count))
    }

    /// Whether the line is the marker `---` or `...`, alone or before a blank.
    static func isMarker(_ line: [UInt8], _ byte: UInt8) -> Bool {
        line.count >= 3 && line[0] == byte && line[1] == byte && line[2] == byte
            && isBreak(line.dropFirst(3).first)
    }

    static func isBlankOrComment(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first(where: { !$0.isJSONSpace }) else { return true }
        return first == .hash
    }

    private static func isBreak(_ byte: UInt8?) -> Bool { byte?.isJSONSpace ?? true }
}
