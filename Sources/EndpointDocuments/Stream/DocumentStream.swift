/// Documents out of bytes, as they come: YAML documents, JSON documents one after another, JSON
/// lines, arrays and lists, of any length, with one document held at a time.
///
/// A push parser without I/O: whoever reads the file feeds it. How the bytes are cut into feeds
/// makes no difference to the results. Whether a document is JSON or YAML is told by its
/// first significant byte: a brace or bracket is JSON.
///
/// A bad document does not stop the others. After broken JSON the next document is looked for at
/// the next line that begins with a brace or bracket, or with `---`; a YAML document ends
/// at `---`, `...` or a line that begins with a brace. Binary data ends the source.
package struct DocumentStream {
    /// Which lists are taken apart.
    package enum Dialect: Sendable {
        /// Arrays and Kubernetes lists.
        case documents
        /// Those and dumps of etcd, whose entries' values become the documents.
        case imports
    }

    private enum Mode {
        /// Before the first significant byte of a document.
        case between
        case json
        case yaml
        /// In a comment or directive, until the line ends.
        case restOfLine
        /// After broken JSON, looking for a line that begins a document.
        case searching
        /// Nothing more is read.
        case ended
    }

    private var mode = Mode.between
    private var json: JSONCutter
    private var yaml: YAMLCollector
    private var reader: PieceReader
    private var results: [DocumentResult] = []
    private let dialect: Dialect
    private let limits: DocumentLimits
    /// The place of the next byte.
    private var place = TextPlace.start
    /// A JSON document ended on this line.
    private var isAfterJSON = false
    private var isDashAtLineStart = false

    /// `source` names the input in positions: the file's name, or `-`.
    package init(
        source: String, dialect: Dialect = .documents, limits: DocumentLimits = .standard
    ) {
        self.dialect = dialect
        self.limits = limits
        reader = PieceReader(source: source, limits: limits)
        yaml = YAMLCollector(limits: limits)
        json = JSONCutter(open: .openBrace, at: .start, listKeys: [], limits: limits)
    }

    /// Whether nothing significant has been seen: after `finish`, that the input is empty.
    package var isEmpty: Bool { reader.document == 0 }

    package mutating func feed(_ bytes: some Sequence<UInt8>) -> [DocumentResult] {
        let bytes = Array(bytes)
        var index = 0
        while index < bytes.count {
            let quiet = quietBytes(bytes, from: index)
            if quiet > 0 {
                takeQuiet(bytes[index..<index + quiet])
                index += quiet
                continue
            }
            let byte = bytes[index]
            if byte == 0, place.byteOffset < Self.binaryProbeBytes { binaryMet() }
            if case .ended = mode { break }
            take(byte)
            advance(over: byte)
            index += 1
        }
        return takeResults()
    }

    /// The input is complete.
    package mutating func finish() -> [DocumentResult] {
        switch mode {
        case .json:
            json.finish(at: place)
            readJSONPieces()
        case .yaml:
            endYAMLLine()
            if case .yaml = mode { endYAML() }
        case .between, .restOfLine, .searching, .ended: break
        }
        mode = .ended
        return takeResults()
    }

    private mutating func takeResults() -> [DocumentResult] {
        defer { results = [] }
        return results
    }

    private mutating func advance(over byte: UInt8) {
        place.byteOffset &+= 1
        if byte == .newline {
            place.line &+= 1
            place.column = 1
            isAfterJSON = false
        } else if byte & 0xC0 != 0x80 {
            place.column &+= 1
        }
    }

    private mutating func take(_ byte: UInt8) {
        switch mode {
        case .between: takeBetween(byte)
        case .json: takeJSON(byte)
        case .yaml: takeYAML(byte)
        case .restOfLine: if byte == .newline { mode = .between }
        case .searching: search(byte)
        case .ended: break
        }
    }

    // MARK: Quiet bytes

    /// How many bytes from `index` on change nothing but the text they belong to: those are taken
    /// in one go, which is what makes long inputs cheap.
    private func quietBytes(_ bytes: [UInt8], from index: Int) -> Int {
        switch mode {
        case .json: json.quietBytes(bytes, from: index)
        case .yaml: place.byteOffset > 3 ? yaml.quietBytes(bytes, from: index) : 0
        case .between, .restOfLine, .searching, .ended: 0
        }
    }

    private mutating func takeQuiet(_ bytes: ArraySlice<UInt8>) {
        if case .json = mode { json.takeQuiet(bytes) } else { yaml.takeQuiet(bytes) }
        place.byteOffset &+= bytes.count
        for byte in bytes where byte & 0xC0 != 0x80 { place.column &+= 1 }
    }

    // MARK: Between documents

    private mutating func takeBetween(_ byte: UInt8) {
        switch byte {
        case .newline: yaml.dropLine()
        case .space, .tab, .carriageReturn: yaml.append(byte, at: place)
        case .openBrace, .openBracket: beginJSON(byte)
        case .hash: beginRestOfLine()
        case UInt8(ascii: "%") where place.column == 1: beginRestOfLine()
        case .closeBrace, .closeBracket, .comma: stray(byte)
        case _ where isAfterJSON: stray(byte)
        default:
            yaml.append(byte, at: place)
            mode = .yaml
        }
    }

    private mutating func beginRestOfLine() {
        yaml.dropLine()
        mode = .restOfLine
    }

    private mutating func stray(_ byte: UInt8) {
        yaml.dropLine()
        reader.document += 1
        let shown =
            byte > 0x20 && byte < 0x7F
            ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x" + String(byte, radix: 16)
        let error = DocumentSyntaxError(
            .syntax, "\(shown) begins no document", remedy: "remove it, or begin a new line",
            at: place)
        results.append(reader.fault(error, nil, absolutely: place.line))
        mode = .searching
    }

    /// Looks for a line that begins a document.
    private mutating func search(_ byte: UInt8) {
        if byte == .dash, place.column == 2, isDashAtLineStart { return beginMarker() }
        isDashAtLineStart = byte == .dash && place.column == 1
        guard place.column == 1, byte == .openBrace || byte == .openBracket else { return }
        beginJSON(byte)
    }

    // MARK: JSON

    private mutating func beginJSON(_ byte: UInt8) {
        yaml.dropLine()
        reader.document += 1
        let listKeys =
            switch dialect {
            case .documents: [ListShape.itemsKey]
            case .imports: [ListShape.itemsKey, EtcdDump.listKey]
            }
        json = JSONCutter(open: byte, at: place, listKeys: listKeys, limits: limits)
        mode = .json
    }

    private mutating func takeJSON(_ byte: UInt8) {
        let step = json.step(byte, at: place)
        if !json.pieces.isEmpty { readJSONPieces() }
        switch step {
        case .more: break
        case .ended:
            mode = .between
            isAfterJSON = true
        case .abandoned:
            mode = .between
            takeBetween(byte)
        case .marker: beginMarker()
        case .lost: mode = .searching
        }
    }

    private mutating func readJSONPieces() {
        for piece in json.takePieces() { results += reader.read(piece, as: .json) }
    }

    // MARK: YAML

    /// At the second dash of a line that may be `---`.
    private mutating func beginMarker() {
        isDashAtLineStart = false
        yaml.append(
            .dash,
            at: TextPlace(
                line: place.line, column: 1, byteOffset: place.byteOffset - 1))
        yaml.append(.dash, at: place)
        mode = .yaml
    }

    private mutating func takeYAML(_ byte: UInt8) {
        if byte == .openBrace || byte == .openBracket {
            if byte == .openBrace, place.column == 1, yaml.hasContent {
                endYAML()
                return beginJSON(byte)
            }
            if isMarkerBeforeJSON {
                endYAML()
                return beginJSON(byte)
            }
        }
        yaml.append(byte, at: place)
        if byte == .newline { return endYAMLLine() }
        // The byte order mark is no text.
        if place.byteOffset == 2, yaml.line == [0xEF, 0xBB, 0xBF] {
            yaml.dropLine()
            place.column = 0
            mode = .between
        }
    }

    /// Whether the line so far is a marker and blanks: a JSON document may follow on it.
    private var isMarkerBeforeJSON: Bool {
        yaml.line.count > 3 && YAMLLine.isMarker(yaml.line, .dash)
            && yaml.line.dropFirst(3).allSatisfy(\.isJSONSpace)
    }

    private mutating func endYAMLLine() {
        if YAMLLine.isMarker(yaml.line, .dash) {
            let rest = yaml.line
            let isContentOnLine = !YAMLLine.isBlankOrComment(rest.dropFirst(3))
            let start = yaml.lineOrigin
            endYAML()
            guard isContentOnLine else { return }
            for byte in rest { yaml.append(byte, at: start) }
            yaml.blankMarker()
            yaml.endLine()
            mode = .yaml
        } else if YAMLLine.isMarker(yaml.line, .dot) {
            endYAML()
        } else {
            yaml.endLine()
            let pieces = yaml.takePieces()
            if !pieces.isEmpty { readYAMLPieces(pieces) }
        }
    }

    /// Pieces of a list that is still being read: its number is given with the first.
    private mutating func readYAMLPieces(_ pieces: [DocumentPiece]) {
        for piece in pieces {
            if isFirstOfDocument { reader.document += 1 }
            isFirstOfDocument = false
            results += reader.read(piece, as: .yaml)
        }
    }
    private var isFirstOfDocument = true

    private mutating func endYAML() {
        switch yaml.end() {
        case .nothing, .discarded: break
        case .pieces(let pieces): readYAMLPieces(pieces)
        case .whole(let text, let origin):
            reader.document += 1
            results += reader.readYAML(text, from: origin)
        }
        isFirstOfDocument = true
        mode = .between
    }

    // MARK: Binary data

    /// How much of the beginning is taken as a sample: a zero byte in it is no text's. Later ones
    /// are faults of their documents.
    private static let binaryProbeBytes = 8_192

    private mutating func binaryMet() {
        guard !isEnded else { return }
        reader.document += 1
        let error = DocumentSyntaxError(
            .notText, "the input is binary data: it has a zero byte",
            remedy: "give YAML or JSON text in UTF-8", at: place)
        results.append(reader.fault(error, nil, absolutely: place.line))
        mode = .ended
    }

    private var isEnded: Bool {
        switch mode {
        case .ended: true
        case .between, .json, .yaml, .restOfLine, .searching: false
        }
    }
}
