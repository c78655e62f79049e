package import EndpointModel

/// One event as the log holds it: its number, the record's bytes as they were encoded once in
/// the commit, and the two hashes that pin them.
package struct LogRow: Hashable, Sendable {
    package var seq: Seq
    package var record: [UInt8]
    package var recordHash: Hash256
    package var chain: Hash256

    package init(seq: Seq, record: [UInt8], recordHash: Hash256, chain: Hash256) {
        self.seq = seq
        self.record = record
        self.recordHash = recordHash
        self.chain = chain
    }
}

/// A row to append, with the request that asked for it; control events may have none.
package struct LogEntry: Hashable, Sendable {
    package var row: LogRow { didSet { isHashKnown = false } }
    package var request: RequestKey?
    /// Whether the record's hash is known to be that of its bytes.
    private(set) var isHashKnown: Bool

    /// A row from elsewhere: it is hashed again before it is stored.
    package init(row: LogRow, request: RequestKey?) {
        self.row = row
        self.request = request
        isHashKnown = false
    }

    /// A record, whose hash was made with it from the same bytes.
    package init(_ record: EncodedRecord, chain: Hash256, request: RequestKey?) {
        row = LogRow(
            seq: record.seq, record: record.bytes, recordHash: record.hash, chain: chain)
        self.request = request
        isHashKnown = true
    }
}

/// How far a log goes: its last seq and the chain hash there.
package struct LogHead: Hashable, Sendable, CustomStringConvertible {
    package var seq: Seq
    package var chain: Hash256

    package init(seq: Seq, chain: Hash256) {
        self.seq = seq
        self.chain = chain
    }

    /// The head of a log without events.
    package static func origin(of logID: LogID) -> LogHead {
        LogHead(seq: .zero, chain: logID.chainOrigin)
    }

    package var description: String { "seq \(seq), chain \(chain)" }
}

/// A request ID within its actor's scope, as the index of requests holds it (G11).
///
/// The actor's eight bytes come first, so that one client's consecutive request IDs are
/// neighbours in the index and its inserts touch few pages. Two actors whose hashes share those
/// bytes would share a scope, so a hit is never the answer by itself: the caller compares the
/// actor and the request ID in the record that the hit points at.
package struct RequestKey: Hashable, Sendable {
    package static let scopeBytes = 8

    /// `SHA-256(actor)[0..<8] ‖ request ID`, both texts as UTF-8.
    package let bytes: [UInt8]

    package init(actor: String, requestID: String) {
        self.init(RequestScope(actor: actor), requestID: requestID)
    }

    package init(_ scope: RequestScope, requestID: String) {
        let id = requestID.utf8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.scopeBytes + id.count)
        scope.hash.withBytes { bytes.append(contentsOf: $0.prefix(Self.scopeBytes)) }
        bytes.append(contentsOf: id)
        self.bytes = bytes
    }
}

/// The actor's part of its request IDs, made once for many of them.
package struct RequestScope: Sendable {
    package let actor: String
    fileprivate let hash: Hash256

    package init(actor: String) {
        self.actor = actor
        hash = .of(Array(actor.utf8))
    }
}
