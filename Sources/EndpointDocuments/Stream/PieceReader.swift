internal import EndpointModel

/// Reads the pieces that cutters cut out of a stream into documents and faults, all with places of
/// the whole source.
struct PieceReader {
    enum Format {
        case json
        case yaml
    }

    let source: String
    let limits: DocumentLimits
    /// The number of the document being read, from 1.
    var document = 0

    // MARK: Pieces

    func read(_ piece: DocumentPiece, as format: Format) -> [DocumentResult] {
        do throws(DocumentSyntaxError) {
            switch piece.condition {
            case .fault(let error): return [fault(error, piece.item, absolutely: piece.origin.line)]
            case .oversize:
                throw DocumentSyntaxError.tooLarge(bytes: limits.documentBytes + 1, limits: limits)
            case .broken:
                _ = try read(piece.text, as: format)
                throw DocumentSyntaxError(
                    .truncated, "the document is not closed", remedy: "close it")
            case .complete:
                if let read = try read(piece.text, as: format) {
                    return try results(of: read, piece)
                }
                // An empty item is a null in its list; an empty document is none.
                guard piece.item != nil else { return [] }
                return try results(of: ReadDocument(value: .null), piece)
            }
        } catch {
            return [fault(error, piece.item, at: piece.origin)]
        }
    }

    private func read(
        _ text: [UInt8], as format: Format
    ) throws(DocumentSyntaxError) -> ReadDocument? {
        switch format {
        case .json: try JSONReader.readWithWarnings(text, limits: limits)
        case .yaml: try YAMLReader.read(text, limits: limits)
        }
    }

    private func results(
        of read: ReadDocument, _ piece: DocumentPiece
    ) throws(DocumentSyntaxError) -> [DocumentResult] {
        switch piece.role {
        case .envelope(of: let key):
            try Self.checkEnvelope(read.value, of: key)
            return []
        case .item(_, of: EtcdDump.listKey?): return [try etcdEntry(read, piece)]
        case .whole where EtcdDump.isEmpty(read.value): return []
        case .whole, .item:
            return expand(read, item: piece.item, at: piece.origin)
        }
    }

    private func etcdEntry(
        _ read: ReadDocument, _ piece: DocumentPiece
    ) throws(DocumentSyntaxError) -> DocumentResult {
        let entry = try EtcdKeyValue(read.value)
        do throws(DocumentSyntaxError) {
            let stored = try JSONReader.readWithWarnings(entry.value, limits: limits)
            return .success(
                StreamedDocument(
                    position: position(piece.item, at: piece.origin), value: stored.value,
                    warnings: stored.warnings, etcd: entry.origin))
        } catch {
            var error = error
            error.message = "the value under \(entry.origin.key): \(error.message)"
            throw error
        }
    }

    /// A document that was read whole may be a list or array; its items are documents.
    private func expand(
        _ read: ReadDocument, item: Int?, at origin: TextPlace
    ) -> [DocumentResult] {
        let warnings = read.warnings.map {
            DocumentWarning($0.message, path: $0.path, at: $0.place.within(textAt: origin))
        }
        guard let items = ListShape.items(of: read.value) else {
            return [
                .success(
                    StreamedDocument(
                        position: position(item, at: origin), value: read.value,
                        warnings: warnings))
            ]
        }
        return items.enumerated().map { index, value in
            .success(
                StreamedDocument(
                    position: position(item ?? index, at: origin), value: value,
                    warnings: index == 0 ? warnings : []))
        }
    }

    private static func checkEnvelope(
        _ envelope: DocumentValue, of key: String?
    ) throws(DocumentSyntaxError) {
        guard let key else {
            throw DocumentSyntaxError(
                .syntax, "the line does not belong to the sequence before it",
                remedy: "indent it, or begin a new document with ---")
        }
        guard key == ListShape.itemsKey else { return }
        if ListShape.items(of: envelope) != nil { return }
        guard case .string(let kind)? = envelope["kind"] else {
            throw DocumentSyntaxError(
                .wrongShape, "the list of items has no kind", remedy: "add kind: List")
        }
        throw DocumentSyntaxError(
            .wrongShape, "a document of kind \(kind) has items, which is for lists",
            remedy: "write kind: List", path: "kind")
    }

    // MARK: YAML documents

    /// A YAML document that is all here. A list is cut, so that one bad item costs only itself and
    /// each has its line; where that fails the document is read whole, which sees anchors
    /// across items and every way of writing a list.
    func readYAML(_ text: [UInt8], from origin: TextPlace) -> [DocumentResult] {
        let whole = DocumentPiece(role: .whole, condition: .complete, text: text, origin: origin)
        var cutter = YAMLCollector.cutter(over: text, from: origin, limits: limits)
        cutter.finish()
        guard cutter.listKey != nil else { return read(whole, as: .yaml) }
        let results = cutter.takePieces().flatMap { read($0, as: .yaml) }
        guard results.contains(where: \.isFault) else { return results }
        let composed = read(whole, as: .yaml)
        return composed.contains(where: \.isFault) ? results : composed
    }

    // MARK: Positions

    /// A fault of a piece that begins at `origin`, to which the error's place is relative.
    func fault(
        _ error: DocumentSyntaxError, _ item: Int?, at origin: TextPlace
    ) -> DocumentResult {
        var error = error
        error.place = error.place.within(textAt: origin)
        return fault(error, item, absolutely: origin.line)
    }

    /// A fault whose error has its place in the whole source; the document begins at `line`.
    func fault(
        _ error: DocumentSyntaxError, _ item: Int?, absolutely line: Int
    ) -> DocumentResult {
        let position = DocumentPosition(
            source: source, document: document, item: item, line: line)
        return .failure(StreamFault(position: position, error: error))
    }

    private func position(_ item: Int?, at origin: TextPlace) -> DocumentPosition {
        DocumentPosition(source: source, document: document, item: item, line: origin.line)
    }
}

extension DocumentResult {
    var isFault: Bool {
        switch self {
        case .success: false
        case .failure: true
        }
    }
}

/// What makes a document a list of documents.
enum ListShape {
    static let itemsKey = "items"

    /// The items of an array or of a list kind; nil for a document of its own.
    static func items(of value: DocumentValue) -> [DocumentValue]? {
        switch value {
        case .array(let elements): return elements
        case .object:
            guard case .string(let kind)? = value["kind"],
                kind.utf8.suffix(4).elementsEqual("List".utf8)
            else { return nil }
            switch value[itemsKey] {
            case .array(let items)?: return items
            case nil, .null?: return []
            case .bool?, .number?, .string?, .object?: return nil
            }
        case .null, .bool, .number, .string: return nil
        }
    }
}

/// The shape of `etcdctl get -w json`.
enum EtcdDump {
    static let listKey = "kvs"

    /// A dump without entries lacks the list.
    static func isEmpty(_ value: DocumentValue) -> Bool {
        guard case .object? = value["header"] else { return false }
        return value["kind"] == nil && value[listKey] == nil
    }
}
