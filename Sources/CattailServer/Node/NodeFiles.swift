internal import EndpointModel
internal import EndpointState
internal import LogStore
internal import Logging
internal import Projection
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// A node's files, opened and brought to one position: the log with its lock, and the view that
/// is its fold.
struct NodeFiles {
    let directory: DataDirectory
    let writer: LogWriter
    let views: ViewStore.Opened
    /// The times of the first and the last event; nil while there is none.
    let times: ClosedRange<Timestamp>?
    /// Who this node is to its upstream; nil of a leader, which has none.
    var nodeID: NodeID?
    /// What this node promised last.
    let pledge: Pledge
    /// Where the log's epochs began, newest first.
    let epochs: [Fork]
    /// What left the log.
    let orphans: [OrphanFile]

    /// Whether this node began the epoch in which its log ends: it leads, however it is started.
    var leads: Bool { pledge.leads(position.epoch) }

    var position: Position { views.view.position }

    /// The time that the next event may not be before.
    var lastTime: Timestamp { times?.upperBound ?? Timestamp(microseconds: 0) }

    /// A leader's: a new directory gets a new log, whose first event begins its first epoch.
    static func openLeader(
        _ directory: DataDirectory, _ configuration: NodeConfiguration
    ) throws -> NodeFiles {
        let replicates = NodeIDFile.exists(in: directory.path)
        if replicates, try PledgeFile(directory: directory.path).read().holder != .ourselves {
            throw LeaderRefusal.followerDirectory(directory.path)
        }
        let settings = configuration.log
        let writer =
            try LogWriter.exists(in: directory, on: settings.disk)
            ? LogWriter.open(in: directory, settings: settings)
            : LogWriter.create(in: directory, logID: randomLogID(), settings: settings)
        if writer.head.seq == .zero { try beginFirstEpoch(writer, configuration.clock) }
        var files = try open(directory, writer, configuration.logger)
        // A follower that was promoted is still known to others by its name.
        if replicates { files.nodeID = try NodeIDFile.keep(in: directory.path) }
        if replicates, !files.leads {
            try files.close()
            throw LeaderRefusal.followerDirectory(directory.path)
        }
        try files.refuseUnlessLeading(configuration)
        return files
    }

    /// What forbids a leader to go on with this log; the files are closed then.
    func refuseUnlessLeading(_ configuration: NodeConfiguration) throws {
        guard let refusal = Self.refusal(of: self, configuration) else { return }
        try close()
        throw refusal
    }

    private func close() throws {
        try views.store.close()
        try writer.close()
    }

    private static func refusal(
        of files: NodeFiles, _ configuration: NodeConfiguration
    ) -> (any Error)? {
        // It could judge no mutation, and must not make an event that others would (R19).
        if let event = files.views.view.view.unknownEvent { return event }
        let now = configuration.clock.now()
        let behind = files.lastTime.microseconds - now.microseconds
        guard behind > configuration.limits.clockBehindMicroseconds else { return nil }
        return LeaderRefusal.clockBehind(now: now, last: files.lastTime)
    }

    /// A follower's, when it has a log already; nil when it must ask its upstream which log.
    static func openFollower(_ directory: DataDirectory, logger: Logger) throws -> NodeFiles? {
        guard try LogWriter.exists(in: directory) else { return nil }
        return try openNamed(directory, LogWriter.open(in: directory), logger)
    }

    /// A follower's first log, of the ID that its upstream named.
    static func createFollower(
        _ directory: DataDirectory, logID: LogID, logger: Logger
    ) throws -> NodeFiles {
        try openNamed(directory, LogWriter.create(in: directory, logID: logID), logger)
    }

    private static func openNamed(
        _ directory: DataDirectory, _ writer: LogWriter, _ logger: Logger
    ) throws -> NodeFiles {
        let nodeID = try NodeIDFile.keep(in: directory.path)
        var files = try open(directory, writer, logger)
        files.nodeID = nodeID
        return files
    }

    private static func open(
        _ directory: DataDirectory, _ writer: LogWriter, _ logger: Logger
    ) throws -> NodeFiles {
        let reader = try LogReader.open(directory: directory.path)
        let views = try ViewStore.open(
            directory: directory.path, events: reader, logger: logger, disk: writer.settings.disk)
        logger.info(
            "views opened",
            metadata: ["origin": "\(views.origin)", "seq": "\(views.view.position.seq)"])
        var times: ClosedRange<Timestamp>?
        if writer.head.seq > .zero {
            let first = try reader.event(at: Seq(1)).record.audit().time
            times = first...max(first, try reader.event(at: writer.head.seq).record.audit().time)
        }
        return NodeFiles(
            directory: directory, writer: writer, views: views, times: times,
            pledge: try PledgeFile(directory: directory.path).read(),
            epochs: try EpochSearch.epochs(in: reader, head: writer.head.seq),
            orphans: try OrphanFile.all(in: directory.path))
    }

    private static func beginFirstEpoch(_ writer: LogWriter, _ clock: WallClock) throws {
        var generator = SystemRandomNumberGenerator()
        let epoch = Epoch(number: 1, leaderID: generator.next())
        let now = clock.now()
        let record = EncodedRecord(
            item: try .control(seq: Seq(1), .epoch(epoch)),
            audit: AuditPart(epochNumber: epoch.number, time: now, wallTime: now))
        let chain = writer.head.chain.followed(by: record.hash)
        try writer.append([LogEntry(record, chain: chain, request: nil)])
    }

    private static func randomLogID() -> LogID {
        var generator = SystemRandomNumberGenerator()
        return .random(using: &generator)
    }
}
