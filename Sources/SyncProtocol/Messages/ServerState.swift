package import EndpointModel

/// How a server stands, and where its log comes from.
package struct ServerState: WireMessage {
    /// Since when it has had no word from its leader; nil: it is in touch.
    package var staleSince: Timestamp?
    /// Told on log subscriptions: the followers through which the log comes, the one below the
    /// leader first, the server last; none of a leader. Who finds itself among them would follow
    /// itself.
    package var path: [NodeID]

    package init(staleSince: Timestamp?, path: [NodeID] = []) {
        self.staleSince = staleSince
        self.path = path
    }

    package func write(to writer: inout ProtoWriter) {
        if let staleSince { writer.number(1, UInt64(max(0, staleSince.microseconds))) }
        for node in path { writer.data(2, node.bytes) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(staleSince: nil)
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let since = try reader.timestamp(field)
                staleSince = since.microseconds == 0 ? nil : since
            case 2:
                guard path.count < Limits.relays else {
                    throw .numberOutOfRange(field: 2, value: UInt64(path.count) + 1)
                }
                path.append(try reader.nodeID(field))
            default: try reader.skip(field)
            }
        }
    }
}
