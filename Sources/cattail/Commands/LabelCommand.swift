internal import ArgumentParser
internal import CattailClient
internal import EndpointModel

struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Set or remove a label of an endpoint.",
        usage: """
            cattail label wep <name> <k>=<v> ... [--overwrite]
            cattail label wep <name> <k> ... --remove
            """)

    @Argument(help: "wep") var kind: ResourceKind
    @Argument(help: "The endpoint's name.") var name: String
    @Argument(help: "k=v, or k with --remove.") var labels: [String]

    @Flag(help: "Replace a value that is there.") var overwrite = false
    @Flag(help: "Remove the labels.") var remove = false

    @OptionGroup var namespace: NamespaceOption
    @Option(name: .shortAndLong, help: "text or json.") var output = TextOutput.text
    @OptionGroup var servers: ServerOptions

    func validate() throws {
        if remove && overwrite { throw ValidationError("--remove and --overwrite differ.") }
        for label in labels {
            let parts = label.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == (remove ? 1 : 2), !parts[0].isEmpty else {
                throw ValidationError("'\(label)' is no \(remove ? "label's key" : "k=v").")
            }
        }
    }

    func run() async throws {
        let key = namespace.key(name)
        try await servers.withClient { client in
            let edit = EndpointEdit(client: client, key: key)
            var lines: [String] = []
            let result = try await edit.run { endpoint throws(Fault) in
                lines = try labels.map { label throws(Fault) in try change(&endpoint, label) }
            }
            switch output {
            case .text: for line in lines { try Console.output.line(line) }
            case .json: try ResultPrinter(style: .json, effect: .real).print(result)
            }
        }
    }

    /// Gives back what to say about it, in calicoctl's words.
    private func change(
        _ endpoint: inout WorkloadEndpoint, _ label: String
    ) throws(Fault) -> String {
        let parts = label.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        let key = parts[0]
        let standing = endpoint.metadata.labels[key]
        guard parts.count > 1 else {
            guard standing != nil else {
                throw Fault(
                    code: FaultCode.labelMissing,
                    what: "cannot remove label of \(kind.rawValue) \(name), "
                        + "key \(key) does not exist",
                    remedy: "look at the labels that are there")
            }
            endpoint.metadata.labels[key] = nil
            return "Successfully removed label \(key) from \(kind.rawValue) \(name)"
        }
        if let standing, standing != parts[1], !overwrite {
            throw Fault(
                code: FaultCode.labelPresent,
                what: "failed to update label of \(kind.rawValue) \(name), "
                    + "key \(key) is already present",
                remedy: "please use '--overwrite' to set a new value")
        }
        endpoint.metadata.labels[key] = parts[1]
        let word = standing == nil ? "set" : "updated"
        return "Successfully \(word) label \(key) on \(kind.rawValue) \(name)"
    }
}
