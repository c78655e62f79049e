internal import ArgumentParser
internal import CattailClient
internal import EndpointModel

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete endpoints by name, or those of documents.",
        usage: """
            cattail delete wep <name> ... [-n <namespace>]
            cattail delete -f <file>
            """)

    @Argument(help: "wep") var kind: ResourceKind?
    @Argument(help: "Endpoints' names.") var names: [String] = []

    @Option(name: FileOptions.filenameNames, help: FileOptions.filenameHelp)
    var filename: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Go through directories in directories too.")
    var recursive = false

    @Flag(help: "An input without documents is no error.") var skipEmpty = false

    @Flag(name: .shortAndLong, help: "An endpoint that does not exist counts as done.")
    var skipNotExists = false

    @OptionGroup var options: WriteOptions

    func validate() throws {
        if filename.isEmpty && names.isEmpty {
            throw ValidationError("Give wep and names, or a file with -f.")
        }
        if !filename.isEmpty && kind != nil {
            throw ValidationError("-f and names exclude each other.")
        }
    }

    func run() async throws {
        let forgiven: ClientError.Code? = skipNotExists ? .notFound : nil
        if !filename.isEmpty {
            var files = FileOptions()
            files.filename = filename
            files.recursive = recursive
            files.skipEmpty = skipEmpty
            return try await options.write(
                files, .delete, verb: "deleted", forgiving: forgiven)
        }
        try await options.servers.withClient { try await delete(forgiven, $0) }
    }

    private func delete(_ forgiven: ClientError.Code?, _ client: EndpointClient) async throws {
        let run = MutationRun(forgiven: forgiven, printer: options.printer)
        let requests = names.map {
            MutationRequest(.delete, key: options.namespace.key($0), effect: options.effect)
        }
        var count = MutationRun.Count(all: names.count)
        try await client.submit(requests) { result in
            count.done += try run.take(result) ? 1 : 0
        }
        try options.summarize(count, verb: "deleted", skipEmpty: false)
    }
}
