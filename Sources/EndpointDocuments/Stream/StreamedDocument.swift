package import EndpointModel

/// Where a document stands in what was given with `-f`.
package struct DocumentPosition: Hashable, Sendable, CustomStringConvertible {
    /// The file as the user named it; `-` is standard input.
    package var source: String
    /// Documents of the source, from 1. A list or array is one document.
    package var document: Int
    /// Items of a list or array, from 0; nil for a document of its own.
    package var item: Int?
    /// The first line, from 1.
    package var line: Int

    package init(source: String, document: Int, item: Int? = nil, line: Int) {
        self.source = source
        self.document = document
        self.item = item
        self.line = line
    }

    /// Of the item, from 1 as people count, and as documents are.
    package var itemNumber: Int? { item.map { $0 + 1 } }

    package var description: String {
        let item = itemNumber.map { ", item \($0)" } ?? ""
        return "\(source), document \(document)\(item), line \(line)"
    }
}

/// One resource of a stream. Places in warnings are those of the whole source.
package struct StreamedDocument: Hashable, Sendable {
    package var position: DocumentPosition
    package var value: DocumentValue
    package var warnings: [DocumentWarning]
    /// Where it was stored, when it comes from an etcd dump.
    package var etcd: EtcdKeyValue.Origin?

    package init(
        position: DocumentPosition, value: DocumentValue, warnings: [DocumentWarning] = [],
        etcd: EtcdKeyValue.Origin? = nil
    ) {
        self.position = position
        self.value = value
        self.warnings = warnings
        self.etcd = etcd
    }
}

/// A document that could not be read; those around it are. The error's place is that of the
/// whole source.
package struct StreamFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var position: DocumentPosition
    package var error: DocumentSyntaxError

    package init(position: DocumentPosition, error: DocumentSyntaxError) {
        self.position = position
        self.error = error
    }

    /// `syntax: '}' begins no value, in -, document 3, line 7, column 2; correct the JSON there`
    package var description: String {
        let item = position.itemNumber.map { ", item \($0)" } ?? ""
        let path = error.path.isEmpty ? "" : ", \(error.path)"
        return "\(error.code.rawValue): \(error.message), in \(position.source), "
            + "document \(position.document)\(item), \(error.place)\(path); \(error.remedy)"
    }
}

package typealias DocumentResult = Result<StreamedDocument, StreamFault>

/// A text that was cut out of a stream, to be read by itself.
struct DocumentPiece {
    enum Role: Hashable {
        /// A document.
        case whole
        /// An item of the list under a key (nil: of an array).
        case item(Int, of: String?)
        /// A list without its items (nil: what should not stand around an array's).
        case envelope(of: String?)
    }

    enum Condition {
        case complete
        /// It passed the bound; its text is gone.
        case oversize
        /// It does not end where it must.
        case broken
        /// Something between pieces.
        case fault(DocumentSyntaxError)
    }

    var role: Role
    var condition: Condition
    var text: [UInt8]
    var origin: TextPlace

    /// The number of an item; nil for everything else.
    var item: Int? {
        switch role {
        case .item(let index, of: _): index
        case .whole, .envelope: nil
        }
    }
}
