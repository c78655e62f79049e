internal import EndpointModel
internal import SyncProtocol

/// A patched item is what the plain way makes of the same parts, or both refuse; and what makes
/// one item of another does so.
enum PatchClaims {
    static func check(_ bytes: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(bytes)
        guard let old = try? EncodedItem(validating: input.piece()) else { return }
        if let new = try? EncodedItem(validating: input.rest) { return try between(old, new) }
        guard let patch = try? Patch(decoding: input.rest) else { return }
        let quick: EncodedItem?
        do { quick = try patch.applied(to: old) } catch {
            try claim(!error.description.isEmpty, "a refusal without words")
            quick = nil
        }
        let plain = plainly(patch, old)
        try claim(quick.map { Look($0) } == plain.map { Look($0) }, "two ways of patching differ")
    }

    private static func between(_ old: EncodedItem, _ new: EncodedItem) throws {
        guard let patch = Patch(from: old, to: new) else { return }
        let made = try mustRead("the patch between two items") { try patch.applied(to: old) }
        try claim(Look(made) == Look(new), "the patch between two items makes another")
    }

    /// Splices into an array, and has all of the result judged.
    private static func plainly(_ patch: Patch, _ old: EncodedItem) -> EncodedItem? {
        guard old.kind == .put, old.seq == patch.previousSeq, let uid = old.uid else { return nil }
        let source = old.withEndpointBytes { Array($0) }
        var result: [UInt8] = []
        var next = 0
        var most = source.count
        for span in patch.spans {
            let (at, remove) = (Int(span.at), Int(span.remove))
            most += span.insert.count - remove
            guard at >= next, at + remove <= source.count, most <= EncodedItem.byteLimit else {
                return nil
            }
            result += source[next..<at] + span.insert
            next = at + remove
        }
        result += source[next...]
        return try? result.withUnsafeBytes { raw in
            try EncodedItem.put(
                seq: patch.seq, previousSeq: old.seq, key: old.key, uid: uid,
                creationTime: old.creationTime, endpoint: raw)
        }
    }
}
