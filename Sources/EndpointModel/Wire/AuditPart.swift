/// The part of an event that auditors see: when, by whom, from where, by which request.
public struct AuditPart: Hashable, Sendable {
    /// The number of the epoch that the event belongs to.
    public var epochNumber: UInt64
    /// Never less than the event before (`max(previous, wall clock)`).
    public var time: Timestamp
    /// The clock as it was read.
    public var wallTime: Timestamp
    public var actor: String
    public var actorProof: ActorProof
    /// At most 128 bytes; empty for control events.
    public var requestID: String
    /// SHA-256 of the request's body: the same ID with another body is an error (G11).
    public var requestHash: Hash256?
    /// Where the request came from: `127.0.0.1:40112`.
    public var address: String
    public var origin: Origin?

    public enum ActorProof: UInt8, Hashable, Sendable {
        case unverified = 0
        case certificate = 1
    }

    public init(
        epochNumber: UInt64, time: Timestamp, wallTime: Timestamp, actor: String = "",
        actorProof: ActorProof = .unverified, requestID: String = "",
        requestHash: Hash256? = nil, address: String = "", origin: Origin? = nil
    ) {
        self.epochNumber = epochNumber
        self.time = time
        self.wallTime = wallTime
        self.actor = actor
        self.actorProof = actorProof
        self.requestID = requestID
        self.requestHash = requestHash
        self.address = address
        self.origin = origin
    }

    /// The schema's `Audit` in the canonical encoding.
    package func encoded() -> [UInt8] {
        var writer = ProtoWriter(reserving: 160)
        writer.number(1, epochNumber)
        writer.signed(2, time.microseconds)
        if wallTime != time { writer.signed(3, wallTime.microseconds) }
        writer.text(4, actor)
        writer.number(5, UInt64(actorProof.rawValue))
        writer.text(6, requestID)
        if let requestHash { writer.hash(7, requestHash) }
        writer.text(8, address)
        if let origin { writer.message(9) { origin.write(to: &$0) } }
        return writer.bytes
    }

    package init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        self.init(
            epochNumber: 0, time: Timestamp(microseconds: 0), wallTime: Timestamp(microseconds: 0))
        var wall: Timestamp?
        var reader = ProtoReader(bytes, order: .ascending)
        while let field = try reader.next() {
            switch field.number {
            case 1: epochNumber = try reader.number(field)
            case 2: time = Timestamp(microseconds: Int64(bitPattern: try reader.number(field)))
            case 3: wall = Timestamp(microseconds: Int64(bitPattern: try reader.number(field)))
            case 4: actor = try reader.text(field)
            case 5:
                _ = try reader.number(field, atMost: 1)
                actorProof = .certificate
            case 6: requestID = try reader.text(field)
            case 7: requestHash = try reader.hash(field)
            case 8: address = try reader.text(field)
            case 9:
                try reader.single(field)
                origin = try Origin(reader.nested(reader.body(field)))
            default: try reader.skip(field)
            }
        }
        wallTime = wall ?? time
        guard epochNumber > 0 else { throw .fieldMissing(field: 1) }
        if wall == time { throw .inconsistent("wall_time repeats time") }
    }
}

/// What an imported document said of itself in its former home.
public struct Origin: Hashable, Sendable {
    public var resourceVersion: String
    public var uid: String
    public var creationTimestamp: String
    /// The rules that the document breaks, each as `field: value reason`.
    public var faults: [String]

    public init(
        resourceVersion: String = "", uid: String = "", creationTimestamp: String = "",
        faults: [String] = []
    ) {
        self.resourceVersion = resourceVersion
        self.uid = uid
        self.creationTimestamp = creationTimestamp
        self.faults = faults
    }

    package func write(to writer: inout ProtoWriter) {
        writer.text(1, resourceVersion)
        writer.text(2, uid)
        writer.text(3, creationTimestamp)
        for fault in faults { writer.explicitText(4, fault) }
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: resourceVersion = try reader.text(field)
            case 2: uid = try reader.text(field)
            case 3: creationTimestamp = try reader.text(field)
            case 4: faults.append(try reader.element(field))
            default: try reader.skip(field)
            }
        }
    }
}
