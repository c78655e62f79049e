package import EndpointModel

/// Why a patch does not fit the item that is held. The subscriber asks for a resync.
package enum PatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The item has another seq than the patch was made against.
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
        guard old.kind == .put, old.seq == previousSeq else {
            throw .baseMismatch(held: old.seq, wanted: previousSeq)
        }
        let source = old.endpointRange
        let byteCount = try byteCount(onto: source.count)
        let changed = Int(spans.first?.at ?? 0)..<Int(spans.last.map { $0.end } ?? 0)
        do throws(WireError) {
            return try old.patched(seq: seq, changed: changed, endpointByteCount: byteCount) {
                target in
                old.withEndpointBytes { splice($0, into: target) }
            }
        } catch {
            throw .resultMalformed(error)
        }
    }

    /// How long the new endpoint is; that the spans lie in the old one, in order.
    private func byteCount(onto oldCount: Int) throws(PatchError) -> Int {
        var next = 0
        var count = oldCount
        for span in spans {
            guard Int(span.at) >= next, span.end <= oldCount,
                count - Int(span.remove) + span.insert.count <= EncodedItem.byteLimit
            else { throw .spanOutside(at: span.at) }
            count += span.insert.count - Int(span.remove)
            next = span.end
        }
        return count
    }

    private func splice(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) {
        var next = 0
        var offset = 0
        func append(_ bytes: UnsafeRawBufferPointer) {
            UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
            offset += bytes.count
        }
        for span in spans {
            append(UnsafeRawBufferPointer(rebasing: source[next..<Int(span.at)]))
            span.insert.withUnsafeBytes { append($0) }
            next = span.end
        }
        append(UnsafeRawBufferPointer(rebasing: source[next...]))
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
        self.init(seq: new.seq, previousSeq: old.seq, spans: span.map { [$0] } ?? [])
    }
}

extension Patch.Span {
    /// Behind the last old byte that goes.
    fileprivate var end: Int { Int(at) + Int(remove) }

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
