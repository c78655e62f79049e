package import EndpointModel

/// A point in the log: a seq, or the last event that is not after a time.
package enum Point: WireMessage {
    case seq(Seq)
    case time(Timestamp)
    /// Microseconds before now.
    case age(microseconds: UInt64)

    package func write(to writer: inout ProtoWriter) {
        switch self {
        case .seq(let seq): writer.explicitNumber(1, seq.rawValue)
        case .time(let time): writer.explicitNumber(2, UInt64(max(0, time.microseconds)))
        case .age(let microseconds): writer.explicitNumber(3, microseconds)
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var point: Point?
        while let field = try reader.next() {
            switch field.number {
            case 1: point = .seq(try reader.seq(field))
            case 2: point = .time(try reader.timestamp(field))
            case 3: point = .age(microseconds: try reader.number(field))
            default: try reader.skip(field)
            }
        }
        self = try required(point, field: 1)
    }
}

/// A question; its answers carry its ticket.
package struct Query: WireMessage {
    package var ticket: UInt64
    package var body: Body

    package enum Body: Equatable, Sendable {
        /// One endpoint, now or at a point.
        case get(EndpointKey, at: Point?)
        case list(SelectionRequest, at: Point?)
        case log(LogQuery)
        case history(EndpointKey)
        /// What changed between the states after two points.
        case diff(from: Point, to: Point)
        case verify(from: Seq)
        case status
        /// The membership, which may be changed by it.
        case members(MembersQuery)
        /// Makes the node that is asked the leader.
        case promote(Force)
        case promise(PromiseQuery)
        /// The rights, which may be replaced by it.
        case rights(RightsQuery)
        /// Of a later version: answered with a failure.
        case unknown(field: Int)
    }

    package init(ticket: UInt64, body: Body) {
        self.ticket = ticket
        self.body = body
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, ticket)
        switch body {
        case .get(let key, let point):
            writer.message(2) { inner in
                inner.key(namespace: 1, name: 2, key)
                inner.nested(3, point)
            }
        case .list(let selection, let point):
            writer.message(3) { inner in
                inner.nested(1, selection)
                inner.nested(2, point)
            }
        case .log(let query): writer.nested(4, query)
        case .history(let key): writer.message(5) { $0.key(namespace: 1, name: 2, key) }
        case .diff(let from, let to):
            writer.message(6) { inner in
                inner.nested(1, from)
                inner.nested(2, to)
            }
        case .verify(let from): writer.message(7) { $0.number(1, from.rawValue) }
        case .status: writer.message(8) { _ in }
        case .members(let query): writer.nested(12, query)
        case .promote(let force): writer.message(13) { $0.number(1, UInt64(force.rawValue)) }
        case .promise(let query): writer.nested(14, query)
        case .rights(let query): writer.nested(15, query)
        case .unknown(let field): writer.message(max(field, 9)) { _ in }
        }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var ticket: UInt64 = 0
        var body = Body.unknown(field: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: ticket = try reader.number(field)
            case 2: body = try Self.get(reader.nested(reader.body(field)))
            case 3: body = try Self.list(reader.nested(reader.body(field)))
            case 4: body = .log(try reader.message(field))
            case 5: body = try Self.history(reader.nested(reader.body(field)))
            case 6: body = try Self.diff(reader.nested(reader.body(field)))
            case 7: body = try Self.verify(reader.nested(reader.body(field)))
            case 8:
                _ = try reader.body(field)
                body = .status
            case 12: body = .members(try reader.message(field))
            case 13: body = try Self.promote(reader.nested(reader.body(field)))
            case 14: body = .promise(try reader.message(field))
            case 15: body = .rights(try reader.message(field))
            default:
                try reader.skip(field)
                if case .unknown = body { body = .unknown(field: field.number) }
            }
        }
        self.init(ticket: ticket, body: body)
    }

    private static func get(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var key = EndpointKey(namespace: "", name: "")
        var point: Point?
        while let field = try reader.next() {
            switch field.number {
            case 1: key.namespace = try reader.text(field)
            case 2: key.name = try reader.text(field)
            case 3: point = try reader.message(field)
            default: try reader.skip(field)
            }
        }
        return .get(try required(key, namespace: 1, name: 2), at: point)
    }

    private static func list(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var selection = SelectionRequest()
        var point: Point?
        while let field = try reader.next() {
            switch field.number {
            case 1: selection = try reader.message(field)
            case 2: point = try reader.message(field)
            default: try reader.skip(field)
            }
        }
        return .list(selection, at: point)
    }

    private static func history(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var key = EndpointKey(namespace: "", name: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: key.namespace = try reader.text(field)
            case 2: key.name = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        return .history(try required(key, namespace: 1, name: 2))
    }

    private static func diff(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var from: Point?
        var to: Point?
        while let field = try reader.next() {
            switch field.number {
            case 1: from = try reader.message(field)
            case 2: to = try reader.message(field)
            default: try reader.skip(field)
            }
        }
        return .diff(from: try required(from, field: 1), to: try required(to, field: 2))
    }

    private static func promote(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var force = Force.no
        while let field = try reader.next() {
            switch field.number {
            case 1: force = try reader.number(field, atMost: 1) == 0 ? .no : .yes
            default: try reader.skip(field)
            }
        }
        return .promote(force)
    }

    private static func verify(_ reader: consuming ProtoReader) throws(WireError) -> Body {
        var reader = reader
        var from = Seq.zero
        while let field = try reader.next() {
            switch field.number {
            case 1: from = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
        return .verify(from: from)
    }
}

/// The events themselves, ascending.
package struct LogQuery: WireMessage {
    /// Inclusive; nil: the first event.
    package var from: Point?
    /// Inclusive; nil: the head.
    package var to: Point?
    /// Only events of this endpoint.
    package var key: EndpointKey?
    /// Only events of this actor; empty: of all.
    package var actor: String
    package var source: LogSource

    package init(
        from: Point? = nil, to: Point? = nil, key: EndpointKey? = nil, actor: String = "",
        source: LogSource = .log
    ) {
        self.from = from
        self.to = to
        self.key = key
        self.actor = actor
        self.source = source
    }

    package func write(to writer: inout ProtoWriter) {
        writer.nested(1, from)
        writer.nested(2, to)
        if let key { writer.key(namespace: 3, name: 4, key) }
        writer.text(5, actor)
        writer.number(6, UInt64(source.rawValue))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        var key = EndpointKey(namespace: "", name: "")
        while let field = try reader.next() {
            switch field.number {
            case 1: from = try reader.message(field)
            case 2: to = try reader.message(field)
            case 3: key.namespace = try reader.text(field)
            case 4: key.name = try reader.text(field)
            case 5: actor = try reader.text(field)
            case 6: source = try reader.number(field, atMost: 1) == 0 ? .log : .orphaned
            default: try reader.skip(field)
            }
        }
        if key.namespace.isEmpty && key.name.isEmpty { return }
        self.key = try required(key, namespace: 3, name: 4)
    }
}
