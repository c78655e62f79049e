package import EndpointModel

/// What a mutation wants of its endpoint.
package enum Operation: UInt8, Hashable, Sendable, CaseIterable {
    /// Create or replace, whichever fits.
    case apply = 1
    case create = 2
    case replace = 3
    case delete = 4
    /// As apply, and nothing is refused for the resource's rules.
    case importing = 5
}

/// Whether a mutation takes effect or only says what it would do.
package enum DryRun: UInt8, Hashable, Sendable {
    case no = 0
    case yes = 1
}

/// One wish. The endpoint stays encoded, so that admission checks the bytes once and the commit
/// splices them into the item.
package struct Mutation: WireMessage {
    /// Names the answer on its connection.
    package var ticket: UInt64
    /// 1 to 128 bytes; the same ID takes effect once (G11).
    package var requestID: String
    package var operation: Operation
    /// As asked for; admission judges it.
    package var key: EndpointKey
    /// An encoded `Endpoint` message; empty for deletes.
    package var endpoint: [UInt8]
    /// The resourceVersion that must stand; nil: any.
    package var expectedSeq: Seq?
    package var expectedUID: UID?
    /// Imports only.
    package var origin: Origin?
    package var dryRun: DryRun

    package init(
        ticket: UInt64, requestID: String, operation: Operation, key: EndpointKey,
        endpoint: [UInt8] = [], expectedSeq: Seq? = nil, expectedUID: UID? = nil,
        origin: Origin? = nil, dryRun: DryRun = .no
    ) {
        self.ticket = ticket
        self.requestID = requestID
        self.operation = operation
        self.key = key
        self.endpoint = endpoint
        self.expectedSeq = expectedSeq
        self.expectedUID = expectedUID
        self.origin = origin
        self.dryRun = dryRun
    }

    /// SHA-256 of the message without `ticket` and `request_id`: a retry has the same (G11).
    package var requestHash: Hash256 {
        var writer = ProtoWriter(reserving: endpoint.count + 256)
        writeBody(to: &writer)
        return Hash256.of(writer.bytes)
    }

    /// Decodes the endpoint with the key's namespace and name in its metadata.
    ///
    /// - Throws: `WireError` when the bytes are no message in ascending fields. The rest of the
    ///   canonical encoding is judged where the item is made.
    package func decodedEndpoint() throws(WireError) -> WorkloadEndpoint {
        let result = endpoint.withUnsafeBytes { raw in
            Result { () throws(WireError) in
                try WorkloadEndpoint.decodeEndpoint(ProtoReader(raw, order: .ascending))
            }
        }
        var decoded = try result.get()
        decoded.metadata.namespace = key.namespace
        decoded.metadata.name = key.name
        return decoded
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, ticket)
        writer.text(2, requestID)
        writeBody(to: &writer)
    }

    private func writeBody(to writer: inout ProtoWriter) {
        writer.number(3, UInt64(operation.rawValue))
        writer.key(namespace: 4, name: 5, key)
        if operation != .delete { endpoint.withUnsafeBytes { writer.explicitData(6, $0) } }
        if let expectedSeq { writer.explicitNumber(7, expectedSeq.rawValue) }
        if let expectedUID { writer.data(8, expectedUID.bytes) }
        if let origin { writer.message(9) { origin.write(to: &$0) } }
        writer.number(10, UInt64(dryRun.rawValue))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(
            ticket: 0, requestID: "", operation: .apply, key: EndpointKey(namespace: "", name: ""))
        var reader = reader
        var operation: Operation?
        while let field = try reader.next() {
            switch field.number {
            case 1: ticket = try reader.number(field)
            case 2: requestID = try reader.text(field)
            case 3: operation = try reader.operation(field)
            case 4: key.namespace = try reader.text(field)
            case 5: key.name = try reader.text(field)
            case 6: endpoint = Array(reader.slice(try reader.body(field)))
            case 7: expectedSeq = try reader.seq(field)
            case 8: expectedUID = try reader.uidIfAny(field)
            case 9: origin = try Origin(reader.nested(reader.body(field)))
            case 10: dryRun = try reader.number(field, atMost: 1) == 0 ? .no : .yes
            default: try reader.skip(field)
            }
        }
        self.operation = try required(operation, field: 3)
        guard (1...Limits.requestIDBytes).contains(requestID.utf8.count) else {
            throw .lengthUnexpected(field: 2, bytes: requestID.utf8.count)
        }
    }
}

extension ProtoReader {
    fileprivate mutating func operation(_ field: Field) throws(WireError) -> Operation {
        let raw = try number(field)
        guard let operation = Operation(rawValue: UInt8(clamping: raw)) else {
            throw .numberOutOfRange(field: field.number, value: raw)
        }
        return operation
    }
}
