extension EncodedItem {
    /// Makes the item of a put out of the bytes that admission has checked: the one encoding of
    /// this event.
    package static func put(
        seq: Seq, previousSeq: Seq, key: EndpointKey, uid: UID, creationTime: Timestamp,
        endpoint: UnsafeRawBufferPointer
    ) throws(WireError) -> EncodedItem {
        var writer = ProtoWriter(reserving: endpoint.count + key.name.utf8.count + 96)
        writer.itemHead(seq: seq, previousSeq: previousSeq, kind: .put, key: key, uid: uid)
        writer.signed(7, creationTime.microseconds)
        writer.explicitData(8, endpoint)
        return try EncodedItem(validating: writer.bytes)
    }

    /// A put around an endpoint that was looked through before.
    package static func put(
        seq: Seq, previousSeq: Seq, key: EndpointKey, uid: UID, creationTime: Timestamp,
        endpoint: EncodedEndpoint
    ) throws(WireError) -> EncodedItem {
        guard seq > .zero, seq <= .last, previousSeq < seq else {
            throw .inconsistent("prev_seq \(previousSeq) is not less than seq \(seq)")
        }
        guard !key.namespace.isEmpty, !key.name.isEmpty else {
            throw .inconsistent("a put has namespace, name, uid and endpoint, no control")
        }
        var writer = ProtoWriter(reserving: endpoint.bytes.count + key.name.utf8.count + 96)
        var layout = Layout()
        writer.itemHead(
            seq: seq, previousSeq: previousSeq, kind: .put, key: key, uid: uid, layout: &layout)
        writer.signed(7, creationTime.microseconds)
        writer.data(8, endpoint, layout: &layout)
        guard writer.bytes.count <= byteLimit else {
            throw .tooLong(bytes: writer.bytes.count, limit: byteLimit)
        }
        let made = ItemStorage.make(byteCount: writer.bytes.count) { raw in
            writer.bytes.withUnsafeBytes { raw.copyMemory(from: $0) }
        }
        return EncodedItem(
            put: made, seq: seq, previousSeq: previousSeq, creationTime: creationTime,
            layout: layout)
    }

    /// Whether a put holds nothing but the fields that `put` writes: one made of the same parts
    /// would have the same bytes. Told by its length, for the encoding leaves no choice.
    package var isPutOfKnownFields: Bool {
        guard kind == .put else { return false }
        let numbers = [
            seq.rawValue, previousSeq.rawValue, UInt64(bitPattern: creationTime.microseconds),
        ]
        var byteCount = 2
        for number in numbers where number > 0 {
            byteCount += 1 + ProtoWriter.varintByteCount(number)
        }
        for part in [layout.namespace, layout.name, layout.uid, layout.contents] {
            byteCount +=
                1 + ProtoWriter.varintByteCount(UInt64(part.range.count)) + part.range.count
        }
        return byteCount == self.byteCount
    }

    package static func delete(seq: Seq, previousSeq: Seq, key: EndpointKey, uid: UID)
        throws(WireError) -> EncodedItem
    {
        var writer = ProtoWriter(reserving: key.name.utf8.count + 80)
        writer.itemHead(seq: seq, previousSeq: previousSeq, kind: .delete, key: key, uid: uid)
        return try EncodedItem(validating: writer.bytes)
    }

    package static func control(seq: Seq, _ event: ControlEvent) throws(WireError) -> EncodedItem {
        var writer = ProtoWriter()
        writer.number(1, seq.rawValue)
        writer.number(3, UInt64(EventKind.control.rawValue))
        writer.message(9) { event.write(to: &$0) }
        return try EncodedItem(validating: writer.bytes)
    }
}

extension ProtoWriter {
    fileprivate mutating func itemHead(
        seq: Seq, previousSeq: Seq, kind: EventKind, key: EndpointKey, uid: UID
    ) {
        var layout = EncodedItem.Layout()
        itemHead(
            seq: seq, previousSeq: previousSeq, kind: kind, key: key, uid: uid, layout: &layout)
    }

    fileprivate mutating func itemHead(
        seq: Seq, previousSeq: Seq, kind: EventKind, key: EndpointKey, uid: UID,
        layout: inout EncodedItem.Layout
    ) {
        number(1, seq.rawValue)
        number(2, previousSeq.rawValue)
        number(3, UInt64(kind.rawValue))
        text(4, key.namespace)
        layout.namespace = lastBytes(key.namespace.utf8.count)
        text(5, key.name)
        layout.name = lastBytes(key.name.utf8.count)
        data(6, uid.bytes)
        layout.uid = lastBytes(uid.bytes.count)
    }

    fileprivate mutating func data(
        _ field: Int, _ endpoint: EncodedEndpoint, layout: inout EncodedItem.Layout
    ) {
        endpoint.bytes.withUnsafeBytes { explicitData(field, $0) }
        let start = bytes.count - endpoint.bytes.count
        layout.contents = .init(start..<bytes.count)
        layout.labels = .init(endpoint.labels, movedBy: start)
        layout.node = .init(endpoint.node, movedBy: start)
        layout.keepsMetadata = endpoint.keepsMetadata
    }

    private func lastBytes(_ count: Int) -> EncodedItem.Layout.Span {
        .init(bytes.count - count..<bytes.count)
    }
}

extension EncodedItem.Layout.Span {
    fileprivate init(_ range: Range<Int>, movedBy offset: Int) {
        self.init(range.lowerBound + offset..<range.upperBound + offset)
    }
}
