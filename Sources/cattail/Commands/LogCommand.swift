internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "The events themselves: who changed what, when, from where.",
        discussion: "Points are a seq, a time (RFC 3339) or an age (15m, 2h).")

    @Option(help: ArgumentHelp("The first event.", valueName: "point"))
    var from: PointArgument?

    @Option(help: ArgumentHelp("The last event.", valueName: "point"))
    var to: PointArgument?

    @Option(help: ArgumentHelp("Only this endpoint's.", valueName: "ns/name"))
    var key: KeyArgument?

    @Option(help: ArgumentHelp("Only this actor's.", valueName: "name"))
    var actor: String?

    @Flag(help: "Go on with new events as they come.")
    var follow = false

    @Flag(help: "The events that left the log because a later leader's history lacks them.")
    var orphaned = false

    @Option(name: .shortAndLong, help: "table or json, a line for each event.")
    var output = TableOutput.table

    @OptionGroup var source: ArchiveOptions

    func validate() throws {
        if follow && source.data != nil {
            throw ValidationError("--follow needs a server; --data has files of a stopped node.")
        }
        if orphaned && (follow || from != nil || to != nil || key != nil || actor != nil) {
            throw ValidationError("--orphaned takes no other choice of events.")
        }
        if follow && to != nil { throw ValidationError("--follow and --to exclude each other.") }
    }

    func run() async throws {
        let range = EventRange(
            from: from?.point, to: to?.point, key: key?.key, actor: actor ?? "")
        if case .table = output { try Console.output.write(EventLine.table.headingLine) }
        if orphaned { return try await source.withArchive { try await $0.orphaned(show) } }
        guard follow else {
            _ = try await source.withArchive { try await $0.events(range, show) }
            return
        }
        try await source.servers.withClient { client in
            try await Interruption.endsQuietly {
                try await LogTail(client: client).run(range, show)
            }
        }
    }

    private func show(_ entries: [LogEntry]) throws {
        for entry in entries {
            let line = try EventLine(entry)
            switch output {
            case .json: try Console.output.line(try line.json())
            case .table: try Console.output.write(line.row)
            }
        }
        try Console.output.flush()
    }
}

/// `NAMESPACE/NAME`; a name alone is in `default`.
struct KeyArgument: ExpressibleByArgument {
    let key: EndpointKey

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), let name = parts.last else {
            return nil
        }
        let namespace = parts.count == 2 ? String(parts[0]) : NamespaceOption.standard
        key = EndpointKey(namespace: namespace, name: String(name))
    }
}
