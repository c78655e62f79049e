package import EndpointModel

/// What a client sends: the body of one frame.
package enum ClientMessage: WireMessage {
    case hello(ClientHello)
    case mutations([Mutation])
    case query(Query)
    case cancel(ticket: UInt64)
    /// State: everything up to this mark is applied, with this digest.
    case applied(Position, StateDigest)
    /// Log: everything up to this position is on disk.
    case durable(Position)
    case refusal(Refusal)
    case ping(UInt64)
    case pong(UInt64)
    case goodbye(Goodbye)
    /// Of a later version: ignored.
    case unknown(field: Int)

    package func write(to writer: inout ProtoWriter) {
        switch self {
        case .hello(let hello): writer.nested(1, hello)
        case .mutations(let mutations):
            writer.message(2) { inner in for each in mutations { inner.nested(1, each) } }
        case .query(let query): writer.nested(3, query)
        case .cancel(let ticket): writer.message(4) { $0.number(1, ticket) }
        case .applied(let position, let digest):
            writer.message(5) { inner in
                inner.position(1, position)
                inner.hash(2, digest.sum)
            }
        case .durable(let position): writer.message(6) { $0.position(1, position) }
        case .refusal(let refusal): writer.nested(7, refusal)
        case .ping(let number): writer.message(8) { $0.number(1, number) }
        case .pong(let number): writer.message(9) { $0.number(1, number) }
        case .goodbye(let goodbye): writer.nested(10, goodbye)
        case .unknown(let field): writer.message(max(field, 11)) { _ in }
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var message = ClientMessage.unknown(field: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: message = .hello(try reader.message(field))
            case 2: message = .mutations(try reader.messages(field))
            case 3: message = .query(try reader.message(field))
            case 4: message = .cancel(ticket: try reader.soleNumber(field))
            case 5: message = try Self.applied(reader.nested(reader.body(field)))
            case 6: message = .durable(try reader.solePosition(field))
            case 7: message = .refusal(try reader.message(field))
            case 8: message = .ping(try reader.soleNumber(field))
            case 9: message = .pong(try reader.soleNumber(field))
            case 10: message = .goodbye(try reader.message(field))
            default:
                try reader.skip(field)
                if case .unknown = message { message = .unknown(field: field.number) }
            }
        }
        self = message
    }

    private static func applied(_ reader: consuming ProtoReader) throws(WireError)
        -> ClientMessage
    {
        var reader = reader
        var position: Position?
        var digest: StateDigest?
        while let field = try reader.next() {
            switch field.number {
            case 1: position = try reader.position(field)
            case 2: digest = try reader.digestIfAny(field)
            default: try reader.skip(field)
            }
        }
        return .applied(try required(position, field: 1), try required(digest, field: 2))
    }
}

extension ProtoReader {
    /// A message whose field 1 repeats messages.
    mutating func messages<Message: WireMessage>(_ field: Field) throws(WireError) -> [Message] {
        var inner = nested(try body(field))
        var messages: [Message] = []
        while let part = try inner.next() {
            switch part.number {
            case 1: messages.append(try inner.message(part))
            default: try inner.skip(part)
            }
        }
        return messages
    }

    /// A message whose field 1 is a number.
    mutating func soleNumber(_ field: Field) throws(WireError) -> UInt64 {
        var inner = nested(try body(field))
        var number: UInt64 = 0
        while let part = try inner.next() {
            switch part.number {
            case 1: number = try inner.number(part)
            default: try inner.skip(part)
            }
        }
        return number
    }

    /// A message whose field 1 is a position.
    mutating func solePosition(_ field: Field) throws(WireError) -> Position {
        var inner = nested(try body(field))
        var position: Position?
        while let part = try inner.next() {
            switch part.number {
            case 1: position = try inner.position(part)
            default: try inner.skip(part)
            }
        }
        return try required(position, field: 1)
    }
}
