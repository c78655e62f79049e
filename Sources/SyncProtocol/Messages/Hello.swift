package import EndpointModel

/// What a connection is for. It decides which messages are legal on it.
package enum Role: UInt8, Hashable, Sendable, CaseIterable {
    /// Mutations and queries.
    case requests = 1
    /// Subscribes to the state of a selection: items.
    case state = 2
    /// Subscribes to the log: whole records.
    case log = 3
}

/// What an end can do beyond the version's own; unknown bits are ignored.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Takes field patches in place of whole items.
    package static let patches = Capabilities(rawValue: 1 << 0)
}

/// The versions of the protocol that an end speaks, both ends included.
package struct VersionRange: Hashable, Sendable {
    package var lowest: UInt32
    package var highest: UInt32

    package init(lowest: UInt32, highest: UInt32) {
        self.lowest = lowest
        self.highest = highest
    }

    /// What this build speaks.
    package static let ours = VersionRange(lowest: 1, highest: 1)

    /// The highest version in both ranges; nil when there is none.
    package func highestCommon(with other: VersionRange) -> UInt32? {
        let candidate = min(highest, other.highest)
        return candidate >= max(lowest, other.lowest) ? candidate : nil
    }
}

/// Names a replicating node: 16 random bytes that it keeps beside its log.
package struct NodeID: Hashable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> NodeID {
        NodeID(high: generator.next(), low: generator.next())
    }

    /// 16 raw bytes; nil for any other length.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard let raw = LogID(bytes: bytes) else { return nil }
        self.init(high: raw.high, low: raw.low)
    }

    package var bytes: [UInt8] { LogID(high: high, low: low).bytes }
    /// 32 lower-case hexadecimal digits.
    package var description: String { Hexadecimal.text(bytes) }
}

/// The first message of a connection, from the client.
package struct ClientHello: WireMessage {
    package var versions: VersionRange
    package var role: Role
    /// Name and version of the program.
    package var client: String
    /// Who it says it is.
    package var actor: String
    /// State only.
    package var selection: SelectionRequest
    /// State and log.
    package var resume: ResumeToken?
    /// State only.
    package var cursor: SnapshotCursor?
    package var capabilities: Capabilities
    /// Log only: who replicates, and where it serves.
    package var nodeID: NodeID?
    package var advertise: String

    package init(
        versions: VersionRange = .ours, role: Role, client: String = "", actor: String = "",
        selection: SelectionRequest = SelectionRequest(), resume: ResumeToken? = nil,
        cursor: SnapshotCursor? = nil, capabilities: Capabilities = [], nodeID: NodeID? = nil,
        advertise: String = ""
    ) {
        self.versions = versions
        self.role = role
        self.client = client
        self.actor = actor
        self.selection = selection
        self.resume = resume
        self.cursor = cursor
        self.capabilities = capabilities
        self.nodeID = nodeID
        self.advertise = advertise
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, UInt64(versions.lowest))
        writer.number(2, UInt64(versions.highest))
        writer.number(3, UInt64(role.rawValue))
        writer.text(4, client)
        writer.text(5, actor)
        if selection != SelectionRequest() { writer.nested(6, selection) }
        writer.nested(7, resume)
        writer.nested(8, cursor)
        writer.number(9, UInt64(capabilities.rawValue))
        writer.data(10, nodeID?.bytes ?? [])
        writer.text(11, advertise)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(versions: VersionRange(lowest: 0, highest: 0), role: .requests)
        var reader = reader
        var role: Role?
        while let field = try reader.next() {
            switch field.number {
            case 1: versions.lowest = try reader.number32(field)
            case 2: versions.highest = try reader.number32(field)
            case 3: role = try reader.role(field)
            case 4: client = try reader.text(field)
            case 5: actor = try reader.text(field)
            case 6: selection = try reader.message(field)
            case 7: resume = try reader.message(field)
            case 8: cursor = try reader.message(field)
            case 9: capabilities = Capabilities(rawValue: try reader.number32(field))
            case 10: nodeID = try reader.nodeIDIfAny(field)
            case 11: advertise = try reader.text(field)
            default: try reader.skip(field)
            }
        }
        self.role = try required(role, field: 3)
        if versions.highest == 0 { throw .fieldMissing(field: 2) }
    }
}

extension ProtoReader {
    fileprivate mutating func role(_ field: Field) throws(WireError) -> Role {
        let raw = try number(field)
        guard let role = Role(rawValue: UInt8(clamping: raw)) else {
            throw .numberOutOfRange(field: field.number, value: raw)
        }
        return role
    }

    fileprivate mutating func nodeIDIfAny(_ field: Field) throws(WireError) -> NodeID? {
        let range = try body(field)
        return range.isEmpty ? nil : try nodeID(field, range)
    }

    mutating func nodeID(_ field: Field) throws(WireError) -> NodeID {
        try nodeID(field, try body(field))
    }

    private func nodeID(_ field: Field, _ range: Range<Int>) throws(WireError) -> NodeID {
        guard let id = NodeID(bytes: slice(range)) else {
            throw .lengthUnexpected(field: field.number, bytes: range.count)
        }
        return id
    }
}

/// What a node is in its cluster.
package enum NodeRole: UInt8, Hashable, Sendable, CaseIterable {
    case leader = 1
    case follower = 2
}

/// Where an epoch began.
package struct Fork: WireMessage {
    package var epoch: Epoch
    package var firstSeq: Seq

    package init(epoch: Epoch, firstSeq: Seq) {
        self.epoch = epoch
        self.firstSeq = firstSeq
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, epoch.number)
        writer.fixed64(2, epoch.leaderID)
        writer.number(3, firstSeq.rawValue)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init(epoch: .none, firstSeq: .zero)
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: epoch.number = try reader.number(field)
            case 2: epoch.leaderID = try reader.fixed64(field)
            case 3: firstSeq = try reader.seq(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// The server's answer to a hello.
package struct ServerHello: WireMessage {
    package var version: UInt32
    /// Name and version of the program.
    package var server: String
    package var role: NodeRole
    package var head: Position
    /// The leader's advertised address; empty when it is not known.
    package var leader: String
    /// The recent epochs, newest first.
    package var forks: [Fork]
    package var capabilities: Capabilities
    /// Milliseconds without a moved byte after which this server pings.
    package var pingIntervalMilliseconds: UInt32

    package init(
        version: UInt32, server: String = "", role: NodeRole, head: Position, leader: String = "",
        forks: [Fork] = [], capabilities: Capabilities = [], pingIntervalMilliseconds: UInt32 = 0
    ) {
        self.version = version
        self.server = server
        self.role = role
        self.head = head
        self.leader = leader
        self.forks = forks
        self.capabilities = capabilities
        self.pingIntervalMilliseconds = pingIntervalMilliseconds
    }

    package func write(to writer: inout ProtoWriter) {
        writer.number(1, UInt64(version))
        writer.text(2, server)
        writer.number(3, UInt64(role.rawValue))
        writer.position(4, head)
        writer.text(5, leader)
        for fork in forks { writer.nested(6, fork) }
        writer.number(7, UInt64(capabilities.rawValue))
        writer.number(8, UInt64(pingIntervalMilliseconds))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var version: UInt32 = 0
        var server = ""
        var role: NodeRole?
        var head: Position?
        var leader = ""
        var forks: [Fork] = []
        var capabilities: Capabilities = []
        var pingInterval: UInt32 = 0
        while let field = try reader.next() {
            switch field.number {
            case 1: version = try reader.number32(field)
            case 2: server = try reader.text(field)
            case 3: role = NodeRole(rawValue: UInt8(clamping: try reader.number(field)))
            case 4: head = try reader.position(field)
            case 5: leader = try reader.text(field)
            case 6: forks.append(try reader.message(field))
            case 7: capabilities = Capabilities(rawValue: try reader.number32(field))
            case 8: pingInterval = try reader.number32(field)
            default: try reader.skip(field)
            }
        }
        if version == 0 { throw .fieldMissing(field: 1) }
        self.init(
            version: version, server: server, role: try required(role, field: 3),
            head: try required(head, field: 4), leader: leader, forks: forks,
            capabilities: capabilities, pingIntervalMilliseconds: pingInterval)
    }
}
