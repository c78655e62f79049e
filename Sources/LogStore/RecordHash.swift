internal import EndpointModel

/// Reads as much of a record's bytes as hashing needs: `Record { bytes item = 1; bytes audit =
/// 2; }`, both present, shortest varints, nothing else. The store knows no more of a record than
/// this, so it can hold events that this version cannot decode.
enum RecordHash {
    private static let itemTag: UInt8 = 0x0A
    private static let auditTag: UInt8 = 0x12

    /// `SHA-256(SHA-256(item) ‖ SHA-256(audit))`; nil when the bytes are not of that form.
    static func of(_ record: UnsafeRawBufferPointer) -> Hash256? {
        var offset = 0
        guard let item = field(itemTag, in: record, at: &offset),
            let audit = field(auditTag, in: record, at: &offset), offset == record.count
        else { return nil }
        let (itemHash, auditHash) = Hash256.pair(item, audit)
        return itemHash.followed(by: auditHash)
    }

    /// The bytes of a length-delimited field that begins at `offset`, which moves behind it.
    private static func field(
        _ tag: UInt8, in record: UnsafeRawBufferPointer, at offset: inout Int
    ) -> UnsafeRawBufferPointer? {
        guard offset < record.count, record[offset] == tag else { return nil }
        offset += 1
        guard let length = varint(in: record, at: &offset), length <= record.count - offset else {
            return nil
        }
        let bytes = UnsafeRawBufferPointer(rebasing: record[offset..<offset + length])
        offset += length
        return bytes
    }

    /// A varint of at most 28 bits, in its shortest form; records are far smaller (G12).
    private static func varint(in record: UnsafeRawBufferPointer, at offset: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            guard offset < record.count else { return nil }
            let byte = record[offset]
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return byte == 0 && shift > 0 ? nil : value }
        }
        return nil
    }
}

extension LogRow {
    /// Why this row cannot follow `previous`, as a phrase; nil when seq, record hash and chain
    /// are right (G2, G3).
    func fault(after previous: LogHead) -> String? {
        hashFault ?? previous.fault(ofNext: seq, recordHash, chain: chain)
    }

    private var hashFault: String? {
        guard let computed = record.withUnsafeBytes({ RecordHash.of($0) }) else {
            return "the record's bytes do not parse"
        }
        return computed == recordHash ? nil : "the record does not match its hash"
    }

    var head: LogHead { LogHead(seq: seq, chain: chain) }
}

extension LogHead {
    /// Why an event cannot stand behind this head; nil when it can. Its record's hash is believed.
    func fault(ofNext seq: Seq, _ recordHash: Hash256, chain: Hash256) -> String? {
        guard seq == self.seq.next else { return "seq \(seq) follows seq \(self.seq)" }
        guard self.chain.followed(by: recordHash) == chain else { return "the chain is broken" }
        return nil
    }
}
