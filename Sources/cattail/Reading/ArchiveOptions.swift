internal import ArgumentParser
internal import CattailClient

/// A server, or `--data DIR` in its place.
///
/// `CATTAIL_DATA` belongs to the processes: a shell that is set up for a leader must not turn a
/// question to the server into one to its files.
struct ArchiveOptions: ParsableArguments {
    @OptionGroup var servers: ServerOptions

    @Option(
        help: ArgumentHelp(
            "Read a stopped node's files, or a copy of them, in place of a server.",
            valueName: "dir"))
    var data: String?

    func validate() throws {
        if data != nil && servers.server != nil {
            throw ValidationError("--data and --server exclude each other.")
        }
    }

    func withArchive<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (any Archive) async throws -> Result
    ) async throws -> Result {
        if let data { return try await body(try DirectoryArchive(directory: data)) }
        return try await servers.withClient { try await body(ServerArchive(client: $0)) }
    }
}
