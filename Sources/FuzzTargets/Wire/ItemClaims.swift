internal import EndpointModel

/// Items and records are canonical: what reads is held as it came, every part of it reads too,
/// and one made of its parts has its bytes.
enum ItemClaims {
    static func items(_ bytes: UnsafeRawBufferPointer) throws {
        guard let item = try? EncodedItem(validating: bytes) else { return }
        try claim(item.bytes == Array(bytes), "an item is not held as it came")
        try claim(item.hash == .of(bytes), "an item's hash")
        switch item.kind {
        case .put: try put(item)
        case .delete:
            guard let uid = item.uid else { return try claim(false, "a delete without uid") }
            let made = try mustRead("a delete of the same parts") {
                try EncodedItem.delete(
                    seq: item.seq, previousSeq: item.previousSeq, key: item.key, uid: uid)
            }
            try claim(made.byteCount <= item.byteCount, "a delete of the same parts is longer")
        case .control:
            let control = try mustRead("a control event") { try item.control() }
            guard case .unknown = control else {
                let made = try mustRead("a control event of the same parts") {
                    try EncodedItem.control(seq: item.seq, control)
                }
                return try claim(made.byteCount <= item.byteCount, "a longer control event")
            }
        }
    }

    private static func put(_ item: EncodedItem) throws {
        let endpoint = try mustRead("an item's endpoint") { try item.endpoint() }
        let bytes = item.withEndpointBytes { Array($0) }
        let scanned = try mustRead("an item's endpoint by itself") {
            try EncodedEndpoint(validating: bytes)
        }
        guard let uid = item.uid else { return try claim(false, "a put without uid") }
        let whole = try mustRead("a put of the same parts") {
            try bytes.withUnsafeBytes { raw in
                try EncodedItem.put(
                    seq: item.seq, previousSeq: item.previousSeq, key: item.key, uid: uid,
                    creationTime: item.creationTime, endpoint: raw)
            }
        }
        let quick = try mustRead("a put around its endpoint") {
            try EncodedItem.put(
                seq: item.seq, previousSeq: item.previousSeq, key: item.key, uid: uid,
                creationTime: item.creationTime, endpoint: scanned)
        }
        try claim(Look(whole) == Look(quick), "two ways to a put differ")
        try claim(item.isPutOfKnownFields == (whole.bytes == item.bytes), "known fields")
        try claim(whole.isPutOfKnownFields, "what was made has unknown fields")
        try labels(item, endpoint)
    }

    /// The labels are found in the bytes as they are in the decoded endpoint.
    private static func labels(_ item: EncodedItem, _ endpoint: WorkloadEndpoint) throws {
        var found: [(String, [UInt8])] = []
        item.forEachLabel { key, value in
            found.append((String(decoding: key, as: UTF8.self), Array(value)))
        }
        for (key, value) in found {
            let held = item.labels.withValue(of: LabelName(key)) { $0.map { Array($0) } }
            try claim(held == value, "label \(key) is not found")
        }
        // Two keys of different bytes may be equal strings; then the dictionary has one of them.
        guard endpoint.metadata.labels.count == found.count else { return }
        for selection in selections {
            try claim(
                selection.matches(item) == selection.matches(endpoint),
                "\(selection) of bytes and of the decoded endpoint")
        }
    }

    private static let selections: [Selection] =
        [
            "all()", "has(app)", "!has(app) || app == 'web'", "app in {'web', 'db'}",
            "app contains 'e'",
        ].compactMap { text in
            (try? Selector(parsing: text)).map {
                Selection(selector: $0, node: nil, namespace: nil)
            }
        } + [Selection(node: "node1", namespace: "shop")]

    static func records(_ bytes: UnsafeRawBufferPointer) throws {
        let bytes = Array(bytes)
        guard let record = try? EncodedRecord(validating: bytes) else { return }
        try claim(record.bytes == bytes, "a record is not held as it came")
        try claim(record.byteCount == bytes.count, "a record's length")
        let audit = try mustRead("a record's audit part") { try record.audit() }
        let made = EncodedRecord(item: record.item, audit: audit)
        let again = try mustRead("a record of the same parts") {
            try EncodedRecord(validating: made.bytes)
        }
        try claim(again.hash == made.hash, "a record's hash")
        try claim(made.byteCount <= bytes.count, "a record of the same parts is longer")
        if made.byteCount == bytes.count {
            try claim(made.bytes == bytes, "as long, and other bytes")
        }
    }
}

/// What can be seen of an item.
struct Look: Equatable {
    let bytes: [UInt8]
    let hash: Hash256
    let seqs: [Seq]
    let texts: [String]
    let labels: [UInt8]
    let endpoint: Range<Int>
    let keepsMetadata: Bool
    let kind: EventKind
    let creationTime: Timestamp
    let uid: UID?

    init(_ item: EncodedItem) {
        bytes = item.bytes
        hash = item.hash
        seqs = [item.seq, item.previousSeq]
        texts = [item.namespace, item.name, item.node]
        labels = item.withLabelBytes { Array($0) }
        endpoint = item.endpointRange
        keepsMetadata = item.keepsMetadata
        kind = item.kind
        creationTime = item.creationTime
        uid = item.uid
    }
}
