extension EncodedItem {
    /// Makes the item of the put behind this one: same key, uid and creation time, and an endpoint
    /// in which some bytes stand for others.
    ///
    /// The rest of the endpoint was found canonical when this item was made, so only the fields
    /// that are touched are looked through again, with the one before and the one behind: the
    /// canonical encoding speaks of single fields and of neighbours. When they do not end where
    /// they did, the whole endpoint is looked through. So nobody can make an item this way that a
    /// look at all of its bytes would refuse (G12), mostly for a third of its price.
    ///
    /// - Parameters:
    ///   - changed: The bytes of this item's endpoint outside of which nothing differs.
    ///   - endpointByteCount: Of the new endpoint.
    ///   - fill: Writes the new endpoint, to its last byte.
    package func patched(
        seq newSeq: Seq, changed: Range<Int>, endpointByteCount: Int,
        fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(WireError) -> EncodedItem {
        guard kind == .put else { throw .inconsistent("the item at seq \(seq) holds no endpoint") }
        guard newSeq > seq, newSeq <= .last else {
            throw .inconsistent("prev_seq \(seq) is not less than seq \(newSeq)")
        }
        let head = PatchedHead(of: self, seq: newSeq, endpointByteCount: endpointByteCount)
        let byteCount = head.byteCount + endpointByteCount
        guard byteCount <= Self.byteLimit else {
            throw .tooLong(bytes: byteCount, limit: Self.byteLimit)
        }
        let made = ItemStorage.make(byteCount: byteCount) { raw in
            withBytes { head.write(to: raw, from: $0) }
            fill(UnsafeMutableRawBufferPointer(rebasing: raw[head.byteCount...]))
        }
        return EncodedItem(
            put: made, seq: newSeq, previousSeq: seq, creationTime: creationTime,
            layout: try layout(of: made, behind: head, changed: changed))
    }

    /// What stands where in the new item, after the touched fields were judged.
    private func layout(of made: ItemStorage, behind head: PatchedHead, changed: Range<Int>)
        throws(WireError) -> Layout
    {
        let old = layout.contents.range
        let move = head.byteCount - old.lowerBound
        let byteCount = made.fields.byteCount
        let moveBehind = byteCount - old.upperBound
        var touched = try touchedFields(changed)
        let found: EndpointScanner
        do throws(WireError) {
            found = try Self.scan(
                made, touched.range.lowerBound + move..<touched.range.upperBound + moveBehind,
                through: touched.next + moveBehind)
        } catch {
            touched = TouchedFields(range: old, next: old.upperBound)
            found = try Self.scan(made, head.byteCount..<byteCount, through: byteCount)
        }

        var layout = Layout()
        layout.namespace = self.layout.namespace.moved(by: head.keyMove)
        layout.name = self.layout.name.moved(by: head.keyMove)
        layout.uid = self.layout.uid.moved(by: head.keyMove)
        layout.contents = .init(head.byteCount..<byteCount)
        let labels = self.layout.labels.range
        var labelsEnd = labels.upperBound + move
        if touched.range.upperBound < labels.upperBound {
            labelsEnd = labels.upperBound + moveBehind
        } else if touched.range.lowerBound < max(labels.upperBound, old.lowerBound + 1) {
            labelsEnd = found.labels.upperBound
        }
        layout.labels = .init(head.byteCount..<labelsEnd)
        let node = self.layout.node
        if node.isEmpty || touched.range.contains(node.range.lowerBound) {
            layout.node = .init(found.node)
        } else {
            let isBefore = node.range.lowerBound < touched.range.lowerBound
            layout.node = node.moved(by: isBefore ? move : moveBehind)
        }
        layout.keepsMetadata = found.keepsMetadata
        return layout
    }

    /// - Parameter place: Where one field must end, and the next may begin.
    private static func scan(_ made: ItemStorage, _ range: Range<Int>, through place: Int)
        throws(WireError) -> EndpointScanner
    {
        let result = made.withBytes { raw in
            Result { () throws(WireError) in
                try EndpointScanner(raw, range: range, through: place)
            }
        }
        return try result.get()
    }

    /// Offsets in the bytes.
    private struct TouchedFields {
        /// The fields that are touched, the one before and the one behind.
        var range: Range<Int>
        /// Where the one behind begins; the end of the endpoint when there is none.
        var next: Int
    }

    /// The fields that a change of these bytes of the endpoint touches. All of them where metadata
    /// is kept: what says so may stand anywhere.
    private func touchedFields(_ changed: Range<Int>) throws(WireError) -> TouchedFields {
        let all = layout.contents.range
        precondition(
            changed.lowerBound >= 0 && changed.upperBound <= all.count, "\(changed) of \(all)")
        if keepsMetadata { return TouchedFields(range: all, next: all.upperBound) }
        let places = all.lowerBound + changed.lowerBound..<all.lowerBound + changed.upperBound
        let result = withBytes { raw in
            Result { () throws(WireError) in
                var reader = ProtoReader(raw, range: all, order: .any)
                return try Self.fields(around: places, in: &reader)
            }
        }
        return try result.get()
    }

    private static func fields(around changed: Range<Int>, in reader: inout ProtoReader)
        throws(WireError) -> TouchedFields
    {
        var first = reader.offset
        while true {
            let start = reader.offset
            guard let field = try reader.next() else {
                return TouchedFields(range: first..<start, next: start)
            }
            try reader.skip(field)
            if start >= changed.upperBound {
                return TouchedFields(range: first..<reader.offset, next: start)
            }
            if reader.offset < changed.lowerBound { first = start }
        }
    }
}

/// What stands before the endpoint of a patched item: the old one's head with other seqs.
private struct PatchedHead {
    /// seq and previous seq of the new item.
    private let seqs: (Seq, Seq)
    /// From the kind to the creation time, in the old item.
    private let kept: Range<Int>
    private let endpointByteCount: Int
    private let seqsByteCount: Int
    let byteCount: Int

    init(of old: EncodedItem, seq: Seq, endpointByteCount: Int) {
        seqs = (seq, old.seq)
        self.endpointByteCount = endpointByteCount
        let endpoint = old.endpointRange
        let keptEnd = endpoint.lowerBound - Self.lengthByteCount(endpoint.count) - 1
        kept = Self.byteCount(old.seq, old.previousSeq)..<keptEnd
        seqsByteCount = Self.byteCount(seq, old.seq)
        byteCount = seqsByteCount + kept.count + 1 + Self.lengthByteCount(endpointByteCount)
    }

    /// How much further behind the key stands than in the old item.
    var keyMove: Int { seqsByteCount - kept.lowerBound }

    func write(to target: UnsafeMutableRawBufferPointer, from old: UnsafeRawBufferPointer) {
        var offset = 0
        write(field: 1, seqs.0.rawValue, to: target, at: &offset)
        write(field: 2, seqs.1.rawValue, to: target, at: &offset)
        UnsafeMutableRawBufferPointer(rebasing: target[offset...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: old[kept]))
        offset += kept.count
        target[offset] = 8 << 3 | 2
        offset += 1
        write(varint: UInt64(endpointByteCount), to: target, at: &offset)
        precondition(offset == byteCount, "a head of \(offset) bytes, not \(byteCount)")
    }

    private func write(
        field: UInt8, _ value: UInt64, to target: UnsafeMutableRawBufferPointer,
        at offset: inout Int
    ) {
        target[offset] = field << 3
        offset += 1
        write(varint: value, to: target, at: &offset)
    }

    private func write(
        varint value: UInt64, to target: UnsafeMutableRawBufferPointer, at offset: inout Int
    ) {
        var rest = value
        while rest >= 0x80 {
            target[offset] = UInt8(truncatingIfNeeded: rest) | 0x80
            offset += 1
            rest >>= 7
        }
        target[offset] = UInt8(truncatingIfNeeded: rest)
        offset += 1
    }

    private static func byteCount(_ seq: Seq, _ previous: Seq) -> Int {
        1 + ProtoWriter.varintByteCount(seq.rawValue)
            + (previous == .zero ? 0 : 1 + ProtoWriter.varintByteCount(previous.rawValue))
    }

    private static func lengthByteCount(_ count: Int) -> Int {
        ProtoWriter.varintByteCount(UInt64(count))
    }
}

extension EncodedItem.Layout.Span {
    fileprivate func moved(by offset: Int) -> EncodedItem.Layout.Span {
        .init(range.lowerBound + offset..<range.upperBound + offset)
    }
}
