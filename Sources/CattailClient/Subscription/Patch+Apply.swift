internal import EndpointModel
internal import SyncProtocol

extension Patch {
    /// The item that the patch makes of the one it was made against.
    ///
    /// - Throws: `WireError` when the spans do not lie in the endpoint's bytes in order, or what
    ///   comes out is no canonical item.
    func applied(to held: EncodedItem) throws(WireError) -> EncodedItem {
        guard let uid = held.uid else { throw .inconsistent("the item patched has no uid") }
        let endpoint = try patched(Array(held.bytes[held.endpointRange]))
        let result = endpoint.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try EncodedItem.put(
                    seq: seq, previousSeq: previousSeq, key: key, uid: uid,
                    creationTime: held.creationTime, endpoint: raw)
            }
        }
        return try result.get()
    }

    private func patched(_ old: [UInt8]) throws(WireError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(old.count)
        var done = 0
        for span in spans {
            let start = Int(span.at)
            let end = start + Int(span.remove)
            guard start >= done, end <= old.count else {
                throw .inconsistent("span at \(span.at) does not fit")
            }
            bytes += old[done..<start]
            bytes += span.insert
            done = end
        }
        bytes += old[done...]
        return bytes
    }
}
