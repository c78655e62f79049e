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
    /// patch can: another key, uid or creation time, or not the next version.
    package init?(from old: EncodedItem, to new: EncodedItem) {
        guard old.kind == .put, new.kind == .put, new.previousSeq == old.seq,
            old.key == new.key, old.uid == new.uid, old.creationTime == new.creationTime
        else { return nil }
        let before = old.bytes[old.endpointRange]
        let after = new.bytes[new.endpointRange]
        let shorter = min(before.count, after.count)
        let head = zip(before, after).prefix { $0 == $1 }.count
        let tail = min(
            shorter - head, zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count)
        let span = Span(
            at: UInt32(head), remove: UInt32(before.count - head - tail),
            insert: Array(after.dropFirst(head).dropLast(tail)))
        let isSame = span.remove == 0 && span.insert.isEmpty
        self.init(
            seq: new.seq, key: new.key, previousSeq: old.seq, spans: isSame ? [] : [span])
    }
}
