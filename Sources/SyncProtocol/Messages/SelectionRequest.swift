package import EndpointModel

/// A selection as a peer asks for it: nothing of it is judged yet.
package struct SelectionRequest: WireMessage {
    /// Empty stands for `all()`.
    package var selector: String
    package var node: String?
    package var namespace: String?

    package init(selector: String = "", node: String? = nil, namespace: String? = nil) {
        self.selector = selector
        self.node = node
        self.namespace = namespace
    }

    package func write(to writer: inout ProtoWriter) {
        writer.text(1, selector)
        if let node { writer.explicitText(2, node) }
        if let namespace { writer.explicitText(3, namespace) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: selector = try reader.text(field)
            case 2: node = try reader.text(field)
            case 3: namespace = try reader.text(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// What a subscriber holds, and of what (G7, G8).
package struct ResumeToken: WireMessage {
    package var position: Position
    /// Of the selection; a log subscriber has none.
    package var fingerprint: Hash256?

    package init(position: Position, fingerprint: Hash256? = nil) {
        self.position = position
        self.fingerprint = fingerprint
    }

    package func write(to writer: inout ProtoWriter) {
        writer.position(1, position)
        if let fingerprint { writer.hash(2, fingerprint) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var position: Position?
        var fingerprint: Hash256?
        while let field = try reader.next() {
            switch field.number {
            case 1: position = try reader.position(field)
            case 2: fingerprint = try reader.hashIfAny(field)
            default: try reader.skip(field)
            }
        }
        self.init(position: try required(position, field: 1), fingerprint: fingerprint)
    }
}

/// Where a snapshot was cut off: everything up to and with `last` was received in whole frames.
package struct SnapshotCursor: WireMessage {
    /// The position at which the snapshot began.
    package var start: Position
    package var fingerprint: Hash256
    package var last: EndpointKey
    /// The greatest seq of what is staged: a node whose head is below it cannot go on, for it
    /// knows nothing of what the subscriber has seen (G7). 0: not said.
    package var highest: Seq

    package init(
        start: Position, fingerprint: Hash256, last: EndpointKey, highest: Seq = .zero
    ) {
        self.start = start
        self.fingerprint = fingerprint
        self.last = last
        self.highest = highest
    }

    package func write(to writer: inout ProtoWriter) {
        writer.position(1, start)
        writer.hash(2, fingerprint)
        writer.key(namespace: 3, name: 4, last)
        writer.number(5, highest.rawValue)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var start: Position?
        var fingerprint: Hash256?
        var last = EndpointKey(namespace: "", name: "")
        var highest = Seq.zero
        while let field = try reader.next() {
            switch field.number {
            case 1: start = try reader.position(field)
            case 2: fingerprint = try reader.hash(field)
            case 3: last.namespace = try reader.text(field)
            case 4: last.name = try reader.text(field)
            case 5: highest = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
        self.init(
            start: try required(start, field: 1),
            fingerprint: try required(fingerprint, field: 2),
            last: try required(last, namespace: 3, name: 4), highest: highest)
    }
}
