package import EndpointModel
package import NIOCore

/// What a server sends: the body of one frame.
package enum ServerMessage: WireMessage {
    case hello(ServerHello)
    case resync(Resync)
    case changes(Changes)
    case records(Records)
    /// Changes or records that are to be refused (R15).
    case unreadable(UnreadableContents)
    case mark(Mark)
    /// The position held is ahead of this node's head: wait, or go elsewhere (G7).
    case behind(head: Position)
    case answers([Answer])
    case queryAnswer(QueryAnswer)
    case serverState(ServerState)
    case ping(UInt64)
    case pong(UInt64)
    case goodbye(Goodbye)
    /// Of a later version: ignored.
    case unknown(field: Int)

    package func write(to writer: inout ProtoWriter) {
        switch self {
        case .hello(let hello): writer.nested(1, hello)
        case .resync(let resync): writer.nested(2, resync)
        case .changes(let changes): writer.nested(3, changes)
        case .records(let records): writer.nested(4, records)
        // It is only read; an empty one of its kind keeps `==` total.
        case .unreadable(let contents): writer.message(contents.kind.rawValue) { _ in }
        case .mark(let mark): writer.nested(5, mark)
        case .behind(let head): writer.message(6) { $0.position(1, head) }
        case .answers(let answers):
            writer.message(7) { inner in for answer in answers { inner.nested(1, answer) } }
        case .queryAnswer(let answer): writer.nested(8, answer)
        case .serverState(let state): writer.nested(9, state)
        case .ping(let number): writer.message(10) { $0.number(1, number) }
        case .pong(let number): writer.message(11) { $0.number(1, number) }
        case .goodbye(let goodbye): writer.nested(12, goodbye)
        case .unknown(let field): writer.message(max(field, 13)) { _ in }
        }
    }

    /// The same as for any message. It stands here so that it is compiled for this one: a client
    /// does it with each small frame.
    package init(decoding body: ByteBuffer) throws(WireError) {
        let result = body.withUnsafeReadableBytes { raw in
            Result { () throws(WireError) in try ServerMessage(ProtoReader(raw, order: .any)) }
        }
        self = try result.get()
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var message = ServerMessage.unknown(field: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: message = .hello(try reader.message(field))
            case 2: message = .resync(try reader.message(field))
            case 3: message = try Self.changes(reader.nested(reader.body(field)))
            case 4: message = try Self.records(reader.nested(reader.body(field)))
            case 5: message = .mark(try reader.message(field))
            case 6: message = .behind(head: try reader.solePosition(field))
            case 7: message = .answers(try reader.messages(field))
            case 8: message = .queryAnswer(try reader.message(field))
            case 9: message = .serverState(try reader.message(field))
            case 10: message = .ping(try reader.soleNumber(field))
            case 11: message = .pong(try reader.soleNumber(field))
            case 12: message = .goodbye(try reader.message(field))
            default:
                try reader.skip(field)
                if case .unknown = message { message = .unknown(field: field.number) }
            }
        }
        self = message
    }

    private static func changes(_ reader: consuming ProtoReader) throws(WireError)
        -> ServerMessage
    {
        switch try Changes.read(reader) {
        case .success(let changes): .changes(changes)
        case .failure(let error): .unreadable(UnreadableContents(kind: .changes, error: error))
        }
    }

    private static func records(_ reader: consuming ProtoReader) throws(WireError)
        -> ServerMessage
    {
        switch try Records.read(reader) {
        case .success(let records): .records(records)
        case .failure(let error): .unreadable(UnreadableContents(kind: .records, error: error))
        }
    }
}
