internal import ArgumentParser
internal import EndpointDocuments
internal import EndpointModel
internal import ReferenceCluster

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make different endpoints, the same for the same seed.")

    @Option(help: "How many endpoints.")
    var count: Int

    @Option(help: "Everything follows from it.")
    var seed: UInt64 = 1

    @Option(help: "How many nodes (default: one for each 100 endpoints).")
    var nodes: Int?

    @Option(name: .shortAndLong, help: "json, a line each, or yaml.")
    var output = DocumentOutput.json

    enum DocumentOutput: String, ExpressibleByArgument, CaseIterable {
        case json
        case yaml
    }

    func validate() throws {
        do {
            _ = try GeneratedCluster(count: count, seed: seed, nodes: nodes)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        let cluster = try GeneratedCluster(count: count, seed: seed, nodes: nodes)
        for endpoint in cluster {
            let document = DocumentValue(endpoint)
            switch output {
            case .json: try Console.output.line(document.compactJSON)
            case .yaml: try Console.output.write("---\n" + document.yaml)
            }
        }
    }
}
