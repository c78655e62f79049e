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
        number(1, seq.rawValue)
        number(2, previousSeq.rawValue)
        number(3, UInt64(kind.rawValue))
        text(4, key.namespace)
        text(5, key.name)
        data(6, uid.bytes)
    }
}
