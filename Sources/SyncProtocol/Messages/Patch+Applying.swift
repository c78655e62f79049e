package import EndpointModel

/// Why a patch does not fit the item that is held. The subscriber asks for a resync.
package enum PatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The item held has another key, or another seq than the patch was made against.
    case baseMismatch(held: Seq, wanted: Seq)
    /// A span lies outside the old endpoint, or begins before the one in front of it ends.
    case spanOutside(at: UInt32)
    /// What came out is no canonical item.
    case resultMalformed(WireError)

    package var code: String {
        switch self {
        case .baseMismatch: "patch-base-mismatch"
        case .spanOutside: "patch-span-outside"
        case .resultMalformed(let error): error.code
        }
    }

    package var description: String {
        switch self {
        case .baseMismatch(let held, let wanted):
            "\(code): it is made against seq \(wanted), held is \(held)"
        case .spanOutside(let offset): "\(code): the span at \(offset)"
        case .resultMalformed(let error): error.description
        }
    }
}

extension Patch {
    /// The item at `seq`, rebuilt from the one held. The digest at the mark proves it (G6).
    package func applied(to old: EncodedItem) throws(PatchError) -> EncodedItem {
        guard old.kind == .put, old.seq == previousSeq, old.key == key, let uid = old.uid else {
            throw .baseMismatch(held: old.seq, wanted: previousSeq)
        }
        let endpoint = try spliced(old)
        let result = endpoint.withUnsafeBytes { bytes in
            Result { () throws(WireError) in
                try EncodedItem.put(
                    seq: seq, previousSeq: previousSeq, key: key, uid: uid,
                    creationTime: old.creationTime, endpoint: bytes)
            }
        }
        return try result.mapError { PatchError.resultMalformed($0) }.get()
    }

    private func spliced(_ old: EncodedItem) throws(PatchError) -> [UInt8] {
        let source = old.bytes[old.endpointRange]
        var result: [UInt8] = []
        result.reserveCapacity(source.count + 64)
        var next = 0
        for span in spans {
            let start = Int(span.at)
            let end = start + Int(span.remove)
            guard start >= next, end <= source.count,
                result.count + span.insert.count <= EncodedItem.byteLimit
            else { throw .spanOutside(at: span.at) }
            result += source[source.startIndex + next..<source.startIndex + start]
            result += span.insert
            next = end
        }
        return result + source[(source.startIndex + next)...]
    }

    /// What makes `new` of `old` in one span, between their common beginning and end; nil when no
    /// patch can: another key, uid or creation time, not the next version, or fields that a patch
    /// would lose.
    package init?(from old: EncodedItem, to new: EncodedItem) {
        guard old.isPutOfKnownFields, new.isPutOfKnownFields, new.previousSeq == old.seq,
            old.compareKey(to: new) == 0, old.uid == new.uid,
            old.creationTime == new.creationTime
        else { return nil }
        let span = old.withEndpointBytes { before in
            new.withEndpointBytes { after in Span(from: before, to: after) }
        }
        self.init(seq: new.seq, key: new.key, previousSeq: old.seq, spans: span.map { [$0] } ?? [])
    }
}

extension Patch.Span {
    /// Nil when both are the same.
    fileprivate init?(from before: UnsafeRawBufferPointer, to after: UnsafeRawBufferPointer) {
        let head = ByteOrder.commonPrefix(before, after)
        let (oldRest, newRest) = (before.dropFirst(head), after.dropFirst(head))
        guard !oldRest.isEmpty || !newRest.isEmpty else { return nil }
        let tail = ByteOrder.commonSuffix(
            UnsafeRawBufferPointer(rebasing: oldRest), UnsafeRawBufferPointer(rebasing: newRest))
        // An endpoint is at most 1 MiB.
        self.init(
            at: UInt32(clamping: head), remove: UInt32(clamping: oldRest.count - tail),
            insert: Array(newRest.dropLast(tail)))
    }
}
