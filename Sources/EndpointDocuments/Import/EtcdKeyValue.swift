package import EndpointModel

/// One entry of what `etcdctl get --prefix … -w json` prints:
/// `{"header":{…},"kvs":[{"key":BASE64,"mod_revision":N,"value":BASE64,…}],"count":N}`.
package struct EtcdKeyValue: Hashable, Sendable {
    /// Where and when the entry was stored.
    package struct Origin: Hashable, Sendable {
        /// The key, decoded: `/calico/resources/v3/projectcalico.org/workloadendpoints/NS/NAME`.
        package var key: String
        package var createRevision: UInt64
        /// What Calico gives as resourceVersion.
        package var modRevision: UInt64

        package init(key: String, createRevision: UInt64 = 0, modRevision: UInt64 = 0) {
            self.key = key
            self.createRevision = createRevision
            self.modRevision = modRevision
        }

        package static let endpointPrefix =
            "/calico/resources/v3/projectcalico.org/workloadendpoints/"

        /// The endpoint that the key names; nil when it is the key of something else.
        package var endpointKey: EndpointKey? {
            guard key.utf8.starts(with: Self.endpointPrefix.utf8) else { return nil }
            let parts = key.utf8.dropFirst(Self.endpointPrefix.utf8.count)
                .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
            return EndpointKey(
                namespace: String(decoding: parts[0], as: UTF8.self),
                name: String(decoding: parts[1], as: UTF8.self))
        }
    }

    package var origin: Origin
    /// The stored value; Calico stores one JSON object.
    package var value: [UInt8]

    /// Reads an entry; the numbers may be JSON strings, as etcd's HTTP gateway prints them.
    package init(_ entry: DocumentValue) throws(DocumentSyntaxError) {
        value = try Self.bytes(entry, "value")
        let key = try Self.bytes(entry, "key")
        try UTF8Check.check(key)
        origin = Origin(
            key: String(decoding: key, as: UTF8.self),
            createRevision: try Self.revision(entry, "create_revision"),
            modRevision: try Self.revision(entry, "mod_revision"))
    }

    private static func bytes(
        _ entry: DocumentValue, _ member: String
    ) throws(DocumentSyntaxError) -> [UInt8] {
        guard case .string(let text)? = entry[member], let bytes = Base64.decoded(text) else {
            throw DocumentSyntaxError(
                .wrongShape, "the entry's \(member) is no base64 text",
                remedy: "give what etcdctl get -w json prints", path: member)
        }
        return bytes
    }

    private static func revision(
        _ entry: DocumentValue, _ member: String
    ) throws(DocumentSyntaxError) -> UInt64 {
        switch entry[member] {
        case nil: return 0
        case .number(let text)?, .string(let text)?:
            if let revision = UInt64(text) { return revision }
        case .null?, .bool?, .array?, .object?: break
        }
        throw DocumentSyntaxError(
            .wrongShape, "the entry's \(member) is no revision",
            remedy: "give what etcdctl get -w json prints", path: member)
    }
}

/// RFC 4648, section 4, as etcdctl prints it: padded, without line breaks.
enum Base64 {
    static func decoded(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        let padding = bytes.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
        guard bytes.count % 4 == 0 else { return nil }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count / 4 * 3)
        var bits: UInt32 = 0
        var bitCount = 0
        for byte in bytes.dropLast(padding) {
            guard let six = value(byte) else { return nil }
            bits = (bits << 6 | six) & 0xFFFF
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        let rest = bits & ((1 << UInt32(bitCount)) - 1)
        return rest == 0 ? decoded : nil
    }

    private static func value(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte &- UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte &- UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
