internal import ArgumentParser
internal import EndpointDocuments
internal import EndpointModel

struct NameCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "name",
        abstract: "What an endpoint's name says: node, orchestrator, workload, endpoint.")

    @Argument(help: "An endpoint's name, or the beginning of one.")
    var name: String

    @Option(name: .shortAndLong, help: "text or json.")
    var output = TextOutput.text

    func run() throws {
        let identifiers = try EndpointName.parse(name)
        let parts = [
            ("node", identifiers.node), ("orchestrator", identifiers.orchestrator),
            ("workload", identifiers.workload), ("pod", identifiers.pod),
            ("containerID", identifiers.containerID), ("endpoint", identifiers.endpoint),
        ].filter { !$0.1.isEmpty }
        switch output {
        case .json:
            try Console.output.line(JSONLine(parts.map { ($0, .string($1)) }).text)
        case .text:
            for (field, value) in parts { try Console.output.line("\(field): \(value)") }
        }
    }
}
