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
package struct LogEntry: Sendable {
    private enum Contents: Sendable {
        /// From elsewhere.
        case row(LogRow)
        /// Its hash was made with it, from the bytes that it will be encoded to.
        case record(EncodedRecord, chain: Hash256)
    }

    private var contents: Contents
    package var request: RequestKey?

    /// A row from elsewhere: it is hashed again before it is stored.
    package init(row: LogRow, request: RequestKey?) {
        contents = .row(row)
        self.request = request
    }

    /// A record, whose hash was made with it from the same bytes.
    package init(_ record: EncodedRecord, chain: Hash256, request: RequestKey?) {
        contents = .record(record, chain: chain)
        self.request = request
    }

    /// As the log will hold it. One that is set is from elsewhere.
    package var row: LogRow {
        get {
            switch contents {
            case .row(let row): row
            case .record(let record, let chain):
                LogRow(
                    seq: record.seq, record: record.bytes, recordHash: record.hash, chain: chain)
            }
        }
        set { contents = .row(newValue) }
    }

    var head: LogHead {
        switch contents {
        case .row(let row): row.head
        case .record(let record, let chain): LogHead(seq: record.seq, chain: chain)
        }
    }

    var recordHash: Hash256 {
        switch contents {
        case .row(let row): row.recordHash
        case .record(let record, _): record.hash
        }
    }

    var recordBytes: Int {
        switch contents {
        case .row(let row): row.record.count
        case .record(let record, _): record.byteCount
        }
    }

    /// Why it cannot stand behind `previous`; nil when it can.
    func fault(after previous: LogHead) -> String? {
        switch contents {
        case .row(let row): row.fault(after: previous)
        case .record(let record, let chain):
            previous.fault(ofNext: record.seq, record.hash, chain: chain)
        }
    }

    /// Calls `body` with the record's bytes; a record is encoded into `writer`, which is used again
    /// for each.
    func withRecord<Result>(
        _ writer: inout ProtoWriter, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        switch contents {
        case .row(let row): return row.record.withUnsafeBytes(body)
        case .record(let record, _):
            writer.bytes.removeAll(keepingCapacity: true)
            record.write(to: &writer)
            return writer.bytes.withUnsafeBytes(body)
        }
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
package struct RequestKey: Sendable {
    package static let scopeBytes = 8

    private let scope: Hash256
    private let requestID: String

    package init(actor: String, requestID: String) {
        self.init(RequestScope(actor: actor), requestID: requestID)
    }

    package init(_ scope: RequestScope, requestID: String) {
        self.scope = scope.hash
        self.requestID = requestID
    }

    /// Calls `body` with `SHA-256(actor)[0..<8] ‖ request ID`, both texts as UTF-8, which it writes
    /// into `buffer`.
    package func withBytes<Result>(
        _ buffer: inout [UInt8], _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        buffer.removeAll(keepingCapacity: true)
        scope.withBytes { buffer.append(contentsOf: $0.prefix(Self.scopeBytes)) }
        requestID.utf8.span.withUnsafeBytes { buffer.append(contentsOf: $0) }
        return buffer.withUnsafeBytes(body)
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
