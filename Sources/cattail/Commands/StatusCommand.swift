internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How a node stands: role, head, lag, subscribers, log.",
        discussion: "With --check only the exit code speaks: 0 for a node that answers, takes "
            + "what it should and does not lag; 1 otherwise.")

    @Option(name: .shortAndLong, help: "table, json or prometheus.")
    var output = StatusOutput.table

    @Flag(help: "For probes: exit 0 or 1, print nothing on success.")
    var check = false

    @Option(help: ArgumentHelp("The lag that --check allows.", valueName: "duration"))
    var maxLag: DurationArgument?

    @OptionGroup var servers: ServerOptions

    enum StatusOutput: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
        case prometheus
    }

    func validate() throws {
        if maxLag != nil && !check { throw ValidationError("--max-lag is for --check.") }
    }

    func run() async throws {
        let bytes = try await servers.withClient { try await $0.status() }
        let status = NodeStatus(document: try JSONReader.read(bytes))
        if check {
            let allowed = maxLag?.duration ?? .seconds(10)
            if let fault = status.fault(allowing: allowed) { throw fault }
            return
        }
        switch output {
        case .json: try Console.output.line(status.document.compactJSON)
        case .table: try Console.output.write(status.table)
        case .prometheus: try Console.output.write(PrometheusText(status.document).text)
        }
    }
}
