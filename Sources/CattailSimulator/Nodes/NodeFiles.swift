internal import EndpointModel
internal import EndpointState
internal import LogStore
internal import Logging
internal import Projection
internal import ReplicaCore
internal import ReplicaLog
internal import SyncProtocol

/// A node's files, opened and brought to one position.
struct NodeFiles {
    let directory: DataDirectory
    let writer: LogWriter
    let reader: LogReader
    let views: ViewStore.Opened
    let lastTime: Timestamp
    let pledge: Pledge
    let epochs: [Fork]

    var position: Position { views.view.position }

    /// - Parameter create: The log that is made when there is none; nil: none is.
    static func open(
        _ storage: NodeStorage, creating create: NewLog?
    ) throws -> NodeFiles? {
        let directory = try DataDirectory.acquire(storage.folder)
        do {
            return try open(directory, storage.settings(), create)
        } catch {
            directory.release()
            throw error
        }
    }

    struct NewLog {
        let logID: LogID
        /// Of a leader, whose log begins with this.
        let epoch: Epoch?
        let now: Timestamp
    }

    private static func open(
        _ directory: DataDirectory, _ settings: LogSettings, _ create: NewLog?
    ) throws -> NodeFiles? {
        let writer: LogWriter
        if try LogWriter.exists(in: directory, on: settings.disk) {
            writer = try LogWriter.open(in: directory, settings: settings)
        } else if let create {
            writer = try LogWriter.create(
                in: directory, logID: create.logID, settings: settings)
        } else {
            directory.release()
            return nil
        }
        if writer.head.seq == .zero, let epoch = create?.epoch {
            try begin(epoch, writer, create?.now ?? Timestamp(microseconds: 0))
        }
        return try opened(directory, writer)
    }

    private static func opened(_ directory: DataDirectory, _ writer: LogWriter) throws
        -> NodeFiles
    {
        let disk = writer.settings.disk
        let reader = try LogReader.open(directory: directory.path, settings: writer.settings)
        let views = try ViewStore.open(
            directory: directory.path, events: reader, logger: .silent, disk: disk)
        var lastTime = Timestamp(microseconds: 0)
        if writer.head.seq > .zero {
            lastTime = try reader.event(at: writer.head.seq).record.audit().time
        }
        return NodeFiles(
            directory: directory, writer: writer, reader: reader, views: views,
            lastTime: lastTime,
            pledge: try PledgeFile(directory: directory.path, disk: disk).read(),
            epochs: try EpochSearch.epochs(in: reader, head: writer.head.seq))
    }

    private static func begin(_ epoch: Epoch, _ writer: LogWriter, _ now: Timestamp) throws {
        let record = EncodedRecord(
            item: try .control(seq: Seq(1), .epoch(epoch)),
            audit: AuditPart(epochNumber: epoch.number, time: now, wallTime: now))
        let chain = writer.head.chain.followed(by: record.hash)
        try writer.append([LogEntry(record, chain: chain, request: nil)])
    }
}

extension Logger {
    /// What is logged holds paths, which are others in each run.
    static var silent: Logger { Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() } }
}
