/// What kind of event an item is.
public enum EventKind: UInt8, Hashable, Sendable {
    case put = 1
    case delete = 2
    /// An epoch, rights, membership or removal: nothing that the state of endpoints holds.
    case control = 3
}

/// One item as it is stored and sent: its canonical bytes, its hash, and where the fields stand
/// that folding and routing read. Immutable and shared: the log, the view, every feed and every
/// connection hold the same one, as one reference.
///
/// Proof of `@unchecked Sendable`: the storage is written only by the initializers and by whoever
/// reads items in pairs for their hashes, before anybody else has it, and then only read.
public struct EncodedItem: @unchecked Sendable {
    /// The greatest item, in bytes.
    public static let byteLimit = 1 << 20

    let storage: ItemStorage

    /// Offsets into the bytes; an item is at most 1 MiB, so 32 bits hold them.
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
    public init(validating bytes: UnsafeRawBufferPointer) throws(WireError) {
        try self.init(unhashed: bytes)
        storage.set(hash: .of(bytes))
    }

    /// As the other, but for the hash, which must be set before anybody sees the item.
    init(unhashed bytes: UnsafeRawBufferPointer) throws(WireError) {
        guard bytes.count <= Self.byteLimit else {
            throw .tooLong(bytes: bytes.count, limit: Self.byteLimit)
        }
        let scan = try ItemScan(bytes)
        storage = .make(byteCount: bytes.count) { $0.copyMemory(from: bytes) }
        storage.fields = ItemHeader(
            hash: .zero, seq: scan.seq, previousSeq: scan.previousSeq,
            creationTime: scan.creationTime, layout: scan.layout, kind: scan.kind,
            byteCount: bytes.count)
    }

    /// As the other, of bytes in an array.
    public init(validating bytes: [UInt8]) throws(WireError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(WireError) in try EncodedItem(validating: raw) }
        }
        self = try result.get()
    }

    /// A put whose bytes were made here, in their place.
    init(
        put storage: ItemStorage, seq: Seq, previousSeq: Seq, creationTime: Timestamp,
        layout: Layout
    ) {
        storage.fields = ItemHeader(
            hash: storage.withBytes { .of($0) }, seq: seq, previousSeq: previousSeq,
            creationTime: creationTime, layout: layout, kind: .put,
            byteCount: storage.fields.byteCount)
        self.storage = storage
    }

    /// SHA-256 of the bytes.
    public var hash: Hash256 { storage.fields.hash }
    public var seq: Seq { storage.fields.seq }
    /// The seq of the key's previous event, put or delete; 0 when there was none.
    public var previousSeq: Seq { storage.fields.previousSeq }
    public var creationTime: Timestamp { storage.fields.creationTime }
    public var kind: EventKind { storage.fields.kind }
    var layout: Layout { storage.fields.layout }

    public var byteCount: Int { storage.fields.byteCount }
    /// A copy of the bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// Calls `body` with the bytes where they stand.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.withBytes(body)
    }

    /// Of the allocation: equal for copies of one item alone.
    package var identity: ObjectIdentifier { ObjectIdentifier(storage) }

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
        let result = withBytes { raw in
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
        let result = withBytes { raw in
            Result { () throws(WireError) in
                try ControlEvent(ProtoReader(raw, range: layout.contents.range, order: .ascending))
            }
        }
        return try result.get()
    }

    /// Whether the endpoint has metadata (generateName and the like) that an update which brings
    /// none leaves as it stands.
    package var keepsMetadata: Bool { layout.keepsMetadata }

    /// The range in the bytes of the encoded endpoint of a put; empty for others.
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
        withBytes { raw in
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
        withBytes { body(UnsafeRawBufferPointer(rebasing: $0[span.range])) }
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
