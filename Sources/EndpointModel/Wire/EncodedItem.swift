/// What kind of event an item is.
public enum EventKind: UInt8, Hashable, Sendable {
    case put = 1
    case delete = 2
    /// An epoch, rights, membership or removal: nothing that the state of endpoints holds.
    case control = 3
}

/// One item as it is stored and sent: its canonical bytes, its hash, and where the fields stand
/// that folding and routing read. Immutable and shared: the log, the view, every feed and every
/// connection hold the same one.
public final class EncodedItem: Sendable {
    /// The greatest item, in bytes.
    public static let byteLimit = 1 << 20

    public let bytes: [UInt8]
    /// SHA-256 of `bytes`.
    public let hash: Hash256
    public let seq: Seq
    /// The seq of the key's previous event, put or delete; 0 when there was none.
    public let previousSeq: Seq
    public let creationTime: Timestamp
    // The small ones last: an item is one of very many, and this order saves 16 bytes of each.
    let layout: Layout
    public let kind: EventKind

    /// Offsets into `bytes`; an item is at most 1 MiB, so 32 bits hold them.
    struct Layout: Sendable {
        var namespace = Span()
        var name = Span()
        var uid = Span()
        /// The endpoint of a put, the control of a control event.
        var contents = Span()
        var labels = Span()
        var node = Span()
        var keepsMetadata = false

        struct Span: Sendable {
            var start: UInt32 = 0
            var end: UInt32 = 0

            init() {}
            init(_ range: Range<Int>) {
                start = UInt32(truncatingIfNeeded: range.lowerBound)
                end = UInt32(truncatingIfNeeded: range.upperBound)
            }

            var range: Range<Int> { Int(start)..<Int(end) }
            var isEmpty: Bool { start == end }
        }
    }

    /// Takes foreign bytes, after checking that they are one canonical item.
    public convenience init(validating bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= Self.byteLimit else {
            throw .tooLong(bytes: bytes.count, limit: Self.byteLimit)
        }
        let scan = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in (try ItemScan(raw), Hash256.of(raw)) }
        }
        let (head, hash) = try scan.get()
        self.init(bytes: bytes, hash: hash, scan: head)
    }

    private init(bytes: [UInt8], hash: Hash256, scan: ItemScan) {
        self.bytes = bytes
        self.hash = hash
        seq = scan.seq
        previousSeq = scan.previousSeq
        kind = scan.kind
        creationTime = scan.creationTime
        layout = scan.layout
    }

    /// The bytes and layout of a put that was made here.
    init(
        put bytes: [UInt8], seq: Seq, previousSeq: Seq, creationTime: Timestamp, layout: Layout
    ) {
        self.bytes = bytes
        hash = bytes.withUnsafeBytes { Hash256.of($0) }
        self.seq = seq
        self.previousSeq = previousSeq
        kind = .put
        self.creationTime = creationTime
        self.layout = layout
    }

    public var namespace: String { text(layout.namespace) }
    public var name: String { text(layout.name) }
    public var key: EndpointKey { EndpointKey(namespace: namespace, name: name) }
    /// Of puts and deletes.
    public var uid: UID? { withSpan(layout.uid) { UID(bytes: $0) } }
    /// `spec.node`; empty when there is none.
    public var node: String { text(layout.node) }

    /// Decodes the endpoint of a put, with the metadata that the item itself holds.
    ///
    /// - Throws: `WireError` when this is no put; the bytes themselves were checked on entry.
    public func endpoint() throws(WireError) -> WorkloadEndpoint {
        guard kind == .put else { throw .inconsistent("the item at seq \(seq) holds no endpoint") }
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try WorkloadEndpoint.decodeEndpoint(
                    ProtoReader(raw, range: layout.contents.range, order: .ascending))
            }
        }
        var endpoint = try result.get()
        endpoint.metadata.namespace = namespace
        endpoint.metadata.name = name
        endpoint.metadata.uid = uid?.description ?? ""
        endpoint.metadata.resourceVersion = seq.description
        endpoint.metadata.creationTimestamp = creationTime
        return endpoint
    }

    /// What a control event says.
    public func control() throws(WireError) -> ControlEvent {
        guard kind == .control else {
            throw .inconsistent("the item at seq \(seq) is no control event")
        }
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try ControlEvent(ProtoReader(raw, range: layout.contents.range, order: .ascending))
            }
        }
        return try result.get()
    }

    /// Whether the endpoint has metadata (generateName and the like) that an update which brings
    /// none leaves as it stands.
    package var keepsMetadata: Bool { layout.keepsMetadata }

    /// The range in `bytes` of the encoded endpoint of a put; empty for others.
    package var endpointRange: Range<Int> {
        kind == .put ? layout.contents.range : 0..<0
    }

    package func withNamespaceBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withSpan(layout.namespace, body)
    }

    package func withNodeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withSpan(layout.node, body)
    }

    package func withEndpointBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withSpan(.init(endpointRange), body)
    }

    /// Calls `body` with the bytes of all label fields: tag, length, `Label`, again and again,
    /// ascending by key.
    package func withLabelBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withSpan(layout.labels, body)
    }

    /// Calls `body` with the bytes of namespace and name.
    package func withKeyBytes<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { raw in
            body(
                UnsafeRawBufferPointer(rebasing: raw[layout.namespace.range]),
                UnsafeRawBufferPointer(rebasing: raw[layout.name.range]))
        }
    }

    /// Negative, zero or positive, as this item's key stands before, equal or behind the other's.
    package func compareKey(to other: EncodedItem) -> Int {
        other.withKeyBytes { compareKey(namespace: $0, name: $1) }
    }

    package func compareKey(to key: EndpointKey) -> Int {
        key.namespace.utf8.span.withUnsafeBytes { namespace in
            key.name.utf8.span.withUnsafeBytes { compareKey(namespace: namespace, name: $0) }
        }
    }

    package func compareKey(namespace: UnsafeRawBufferPointer, name: UnsafeRawBufferPointer) -> Int
    {
        withKeyBytes { ownNamespace, ownName in
            let order = ByteOrder.compare(ownNamespace, namespace)
            return order == 0 ? ByteOrder.compare(ownName, name) : order
        }
    }

    private func withSpan<Result>(
        _ span: Layout.Span, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[span.range])) }
    }

    private func text(_ span: Layout.Span) -> String {
        withSpan(span) { UTF8Text.string($0) ?? "" }
    }
}

/// One pass over an item's bytes.
struct ItemScan {
    var seq = Seq.zero
    var previousSeq = Seq.zero
    var kind = EventKind.control
    var creationTime = Timestamp(microseconds: 0)
    var layout = EncodedItem.Layout()

    private var kindSeen = false
    private var controlSeen = false
    private var endpointSeen = false

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = ProtoReader(bytes, order: .ascending)
        while let field = try reader.next() { try take(field, from: &reader) }
        try check()
    }

    private mutating func take(_ field: ProtoReader.Field, from reader: inout ProtoReader)
        throws(WireError)
    {
        switch field.number {
        case 1: seq = Seq(try reader.number(field, atMost: Seq.last.rawValue))
        case 2: previousSeq = Seq(try reader.number(field))
        case 3:
            let raw = try reader.number(field, atMost: 3)
            kind = EventKind(rawValue: UInt8(truncatingIfNeeded: raw)) ?? .control
            kindSeen = true
        case 4: layout.namespace = .init(try reader.singleTextRange(field))
        case 5: layout.name = .init(try reader.singleTextRange(field))
        case 6: layout.uid = .init(try reader.singleBody(field, bytes: 16))
        case 7: creationTime = Timestamp(microseconds: Int64(bitPattern: try reader.number(field)))
        case 8:
            try reader.single(field)
            let range = try reader.body(field)
            let scan = try EndpointScanner(reader.bytes, range: range)
            layout.contents = .init(range)
            layout.labels = .init(scan.labels)
            layout.node = .init(scan.node)
            layout.keepsMetadata = scan.keepsMetadata
            endpointSeen = true
        case 9:
            let range = try reader.singleBody(field)
            _ = try ControlEvent(reader.nested(range))
            layout.contents = .init(range)
            controlSeen = true
        default: try reader.skip(field)
        }
    }

    private func check() throws(WireError) {
        guard seq > .zero else { throw .fieldMissing(field: 1) }
        guard previousSeq < seq else {
            throw .inconsistent("prev_seq \(previousSeq) is not less than seq \(seq)")
        }
        guard kindSeen else { throw .fieldMissing(field: 3) }
        let isKeyed = !layout.namespace.isEmpty && !layout.name.isEmpty && !layout.uid.isEmpty
        let hasKeyParts = !layout.namespace.isEmpty || !layout.name.isEmpty || !layout.uid.isEmpty
        switch kind {
        case .put:
            guard isKeyed, endpointSeen, !controlSeen else {
                throw .inconsistent("a put has namespace, name, uid and endpoint, no control")
            }
        case .delete:
            guard isKeyed, !endpointSeen, !controlSeen, creationTime.microseconds == 0 else {
                throw .inconsistent("a delete has namespace, name and uid alone")
            }
        case .control:
            guard controlSeen, !hasKeyParts, !endpointSeen, previousSeq == .zero,
                creationTime.microseconds == 0
            else { throw .inconsistent("a control event has a control alone") }
        }
    }
}
