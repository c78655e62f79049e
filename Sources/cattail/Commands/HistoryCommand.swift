internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "One endpoint's versions, the oldest first.")

    @Argument(help: "wep") var kind: ResourceKind
    @Argument(help: "The endpoint's name.") var name: String
    @OptionGroup var namespace: NamespaceOption

    @Option(name: .shortAndLong, help: "table or json, a line for each version.")
    var output = TableOutput.table

    @OptionGroup var source: ArchiveOptions

    func run() async throws {
        let key = namespace.key(name)
        let entries = try await source.withArchive { try await $0.history(key) }
        guard !entries.isEmpty else { throw Absence.fault(key) }
        var table = TextTable(headings: ["SEQ", "TIME", "ACTOR", "CHANGE"])
        var before: WorkloadEndpoint?
        for entry in entries {
            let version = try EndpointVersion(entry, before: before)
            before = version.endpoint
            switch output {
            case .json: try Console.output.line(version.json)
            case .table: version.rows.forEach { table.append($0) }
            }
        }
        if case .table = output { try Console.output.write(table.text) }
    }
}

/// One event of an endpoint's history.
private struct EndpointVersion {
    let entry: LogEntry
    let audit: AuditPart
    /// Nil when the event is its delete.
    let endpoint: WorkloadEndpoint?
    let changes: FieldChanges

    init(_ entry: LogEntry, before: WorkloadEndpoint?) throws {
        self.entry = entry
        audit = try entry.record.audit()
        let item = entry.record.item
        endpoint = item.kind == .put ? try item.endpoint() : nil
        changes = FieldChanges(from: before, to: endpoint)
    }

    /// The first has the version's own cells, those behind it only a change.
    var rows: [[String]] {
        changes.lines.enumerated().map { index, change in
            index == 0
                ? [
                    entry.seq.description, audit.time.description,
                    EventLine.shownActor(audit), change,
                ] : ["", "", "", change]
        }
    }

    var json: String {
        JSONLine([
            ("seq", .seq(entry.seq)),
            ("time", .text(audit.time)),
            ("actor", .string(audit.actor)),
            ("change", .string(changes.kind.rawValue)),
            ("changes", changes.json),
            ("uid", entry.record.item.uid.map { .text($0) }),
            ("requestID", .string(audit.requestID)),
            ("actorProof", .string(EventLine.proof(audit))),
        ]).text
    }
}

/// What is not there.
enum Absence {
    static func fault(_ key: EndpointKey) -> Fault {
        Fault(
            code: FaultCode.notFound,
            what: "resource does not exist: \(WorkloadEndpoint.kind)(\(key))",
            remedy: "look at the name and the namespace")
    }
}
