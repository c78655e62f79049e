internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print endpoints, as they are or as they were.",
        discussion: "--at takes a seq, a time (RFC 3339) or an age (15m, 2h).")

    @Argument(help: "wep") var kind: ResourceKind
    @Argument(help: "Endpoints' names; without any, all.") var names: [String] = []
    @OptionGroup var namespaces: NamespaceOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "ps, wide, yaml, json, name or custom-columns=A,B.", valueName: "format"))
    var output = EndpointOutput.ps

    @OptionGroup var selection: SelectionOptions

    @Option(help: ArgumentHelp("As it was then.", valueName: "point"))
    var at: PointArgument?

    @Flag(help: "Without namespace, uid, resourceVersion and creation time; only with names.")
    var export = false

    @OptionGroup var source: ArchiveOptions

    func validate() throws {
        if !names.isEmpty && namespaces.allNamespaces {
            throw ValidationError("-A and names exclude each other.")
        }
        if !names.isEmpty && (selection.selector != nil || selection.node != nil) {
            throw ValidationError("--selector and --node choose from all; give no names.")
        }
        if export && names.isEmpty { throw ValidationError("--export needs names.") }
    }

    func run() async throws {
        try await source.withArchive { archive in
            try await names.isEmpty ? list(archive) : named(archive)
        }
    }

    private func list(_ archive: any Archive) async throws {
        let wanted = try selection.selection(
            namespace: namespaces.allNamespaces ? nil : namespaces.one.resolved)
        let (items, seq) = try await archive.items(wanted, at: at?.point)
        try EndpointPrinter(output, namespaces).list(items, at: seq)
    }

    /// What is found is printed, then what is missing is told.
    private func named(_ archive: any Archive) async throws {
        var found: [WorkloadEndpoint] = []
        var missing: [Fault] = []
        for name in names {
            let key = namespaces.one.key(name)
            if let item = try await archive.item(key, at: at?.point) {
                found.append(try export ? exported(item.endpoint()) : item.endpoint())
            } else {
                missing.append(Absence.fault(key))
            }
        }
        if !found.isEmpty { try EndpointPrinter(output, namespaces).named(found) }
        if !missing.isEmpty { throw Faults(all: missing) }
    }

    private func exported(_ endpoint: WorkloadEndpoint) -> WorkloadEndpoint {
        var endpoint = endpoint
        endpoint.metadata.namespace = ""
        endpoint.metadata.uid = ""
        endpoint.metadata.resourceVersion = ""
        endpoint.metadata.creationTimestamp = nil
        return endpoint
    }
}
