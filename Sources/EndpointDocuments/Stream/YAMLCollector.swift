/// Collects the lines of one YAML document, as long as they are within the bound; a list that
/// grows past it is cut into items from there on.
struct YAMLCollector {
    private enum Content {
        /// Everything so far is held.
        case held
        /// The document is a list too long to hold; its items come out one by one.
        case cut(YAMLItemCutter)
        /// The document passed the bound and is no list.
        case discarded
    }

    /// How a document ended.
    enum Ending {
        /// There was nothing but blanks and comments.
        case nothing
        /// It is all here.
        case whole(text: [UInt8], origin: TextPlace)
        /// Its last pieces; earlier ones were taken.
        case pieces([DocumentPiece])
        /// It was reported when it passed the bound.
        case discarded
    }

    private let limits: DocumentLimits
    private var content = Content.held
    private var text: [UInt8] = []
    private var origin: TextPlace?
    /// The line being read; longer ones than a document may be are cut off, which makes the
    /// document oversize as well.
    private(set) var line: [UInt8] = []
    private(set) var lineOrigin = TextPlace.start
    private(set) var pieces: [DocumentPiece] = []

    init(limits: DocumentLimits) { self.limits = limits }

    /// Whether any line of the document is there.
    var hasContent: Bool { origin != nil }

    mutating func takePieces() -> [DocumentPiece] {
        defer { pieces = [] }
        return pieces
    }

    /// The document may begin in the middle of a line: `place` is that of the first byte.
    mutating func append(_ byte: UInt8, at place: TextPlace) {
        if line.isEmpty { lineOrigin = place }
        if line.count <= limits.documentBytes { line.append(byte) }
    }

    /// How many bytes from `index` on only lengthen the line: not its first ones, which may be a
    /// marker, and nothing that may begin JSON behind one.
    func quietBytes(_ bytes: [UInt8], from index: Int) -> Int {
        guard line.count > 3 else { return 0 }
        var end = index
        while end < bytes.count, bytes[end] != .newline, bytes[end] != 0,
            bytes[end] != .openBrace, bytes[end] != .openBracket
        {
            end += 1
        }
        return end - index
    }

    mutating func takeQuiet(_ bytes: ArraySlice<UInt8>) {
        line.append(contentsOf: bytes.prefix(max(0, limits.documentBytes + 1 - line.count)))
    }

    /// Puts blanks where a marker stood, so that what follows it keeps its column.
    mutating func blankMarker() {
        for index in line.indices.prefix(3) { line[index] = .space }
    }

    mutating func dropLine() { line.removeAll(keepingCapacity: true) }

    /// Takes the line into the document.
    mutating func endLine() {
        defer { dropLine() }
        if origin == nil {
            guard !YAMLLine.isBlankOrComment(line[...]) else { return }
            origin = lineOrigin
        }
        switch content {
        case .held:
            if text.count + line.count <= limits.documentBytes {
                text.append(contentsOf: line)
            } else {
                overflow()
            }
        case .cut(var cutter):
            content = .discarded
            cutter.line(line, at: lineOrigin)
            pieces += cutter.takePieces()
            content = .cut(cutter)
        case .discarded: break
        }
    }

    private mutating func overflow() {
        guard let origin else { return }
        var cutter = Self.cutter(over: text, from: origin, limits: limits)
        text = []
        guard cutter.listKey != nil else {
            content = .discarded
            pieces.append(
                DocumentPiece(role: .whole, condition: .oversize, text: [], origin: origin))
            return
        }
        cutter.line(line, at: lineOrigin)
        pieces += cutter.takePieces()
        content = .cut(cutter)
    }

    /// Ends the document and begins the next.
    mutating func end() -> Ending {
        let limits = limits
        defer { self = YAMLCollector(limits: limits) }
        guard let origin else { return .nothing }
        switch content {
        case .held: return .whole(text: text, origin: origin)
        case .cut(var cutter):
            cutter.finish()
            return .pieces(pieces + cutter.takePieces())
        case .discarded: return pieces.isEmpty ? .discarded : .pieces(pieces)
        }
    }

    /// A cutter that has seen all lines of a text.
    static func cutter(
        over text: [UInt8], from origin: TextPlace, limits: DocumentLimits
    ) -> YAMLItemCutter {
        var cutter = YAMLItemCutter(limits: limits)
        var place = origin
        var rest = text[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: .newline).map { $0 + 1 } ?? rest.endIndex
            cutter.line(Array(rest[..<end]), at: place)
            place = TextPlace(
                line: place.line &+ 1, column: 1,
                byteOffset: place.byteOffset &+ (end - rest.startIndex))
            rest = rest[end...]
        }
        return cutter
    }
}
