package import EndpointModel

/// Asks a node to store and acknowledge nothing more of a reign below this epoch (R61).
package struct PromiseQuery: WireMessage {
    package var logID: LogID
    package var epoch: Epoch
    /// Where the one serves that would begin the epoch.
    package var candidate: String
    /// `yes` asks what the answer would be, and binds nobody.
    package var dryRun: DryRun

    package init(logID: LogID, epoch: Epoch, candidate: String, dryRun: DryRun) {
        self.logID = logID
        self.epoch = epoch
        self.candidate = candidate
        self.dryRun = dryRun
    }

    package func write(to writer: inout ProtoWriter) {
        writer.data(1, logID.bytes)
        writer.number(2, epoch.number)
        writer.fixed64(3, epoch.leaderID)
        writer.text(4, candidate)
        writer.number(5, UInt64(dryRun.rawValue))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var logID: LogID?
        var epoch = Epoch.none
        var candidate = ""
        var dryRun = DryRun.no
        while let field = try reader.next() {
            switch field.number {
            case 1: logID = LogID(bytes: reader.slice(try reader.singleBody(field, bytes: 16)))
            case 2: epoch.number = try reader.number(field)
            case 3: epoch.leaderID = try reader.fixed64(field)
            case 4: candidate = try reader.text(field)
            case 5: dryRun = try reader.number(field, atMost: 1) == 0 ? .no : .yes
            default: try reader.skip(field)
            }
        }
        if epoch.number == 0 { throw .fieldMissing(field: 2) }
        self.init(
            logID: try required(logID, field: 1), epoch: epoch, candidate: candidate,
            dryRun: dryRun)
    }
}

/// What a node has promised, and what it holds.
package struct PromiseAnswer: WireMessage {
    /// The last event that is on its disk.
    package var head: Position
    /// The epoch that was asked for when the promise was given; else the one that forbids it.
    package var promised: Epoch
    package var seal: LogSeal

    package init(head: Position, promised: Epoch, seal: LogSeal) {
        self.head = head
        self.promised = promised
        self.seal = seal
    }

    package func write(to writer: inout ProtoWriter) {
        writer.position(1, head)
        writer.number(2, promised.number)
        writer.fixed64(3, promised.leaderID)
        writer.number(4, UInt64(seal.rawValue))
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        var reader = reader
        var head: Position?
        var promised = Epoch.none
        var seal = LogSeal.none
        while let field = try reader.next() {
            switch field.number {
            case 1: head = try reader.position(field)
            case 2: promised.number = try reader.number(field)
            case 3: promised.leaderID = try reader.fixed64(field)
            // Of a later version: a seal that is not known vouches for nothing.
            case 4: seal = LogSeal(rawValue: UInt8(clamping: try reader.number(field))) ?? .none
            default: try reader.skip(field)
            }
        }
        self.init(head: try required(head, field: 1), promised: promised, seal: seal)
    }
}

/// Whether a node vouches for all that was acknowledged.
package enum LogSeal: UInt8, Hashable, Sendable, CaseIterable {
    case none = 0
    /// It led until it promised: its head is the last event that it acknowledged.
    case head = 1
}

/// What is wished of the membership; without either, it is only asked for.
package struct MembersQuery: WireMessage {
    /// Advertised address of a follower that shall vote.
    package var add: String
    package var remove: String

    package init(add: String = "", remove: String = "") {
        self.add = add
        self.remove = remove
    }

    package func write(to writer: inout ProtoWriter) {
        writer.text(1, add)
        writer.text(2, remove)
    }

    package init(_ reader: consuming ProtoReader) throws(WireError) {
        self.init()
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: add = try reader.text(field)
            case 2: remove = try reader.text(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// Whether a promotion goes on though it may lose what was acknowledged.
package enum Force: UInt8, Hashable, Sendable, CaseIterable {
    case no = 0
    case yes = 1
}

/// Which events a log query is of.
package enum LogSource: UInt8, Hashable, Sendable, CaseIterable {
    case log = 0
    /// Those that left the log because a later leader's history lacks them.
    case orphaned = 1
}
