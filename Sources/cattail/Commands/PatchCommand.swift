internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel

struct PatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch",
        abstract: "Change an endpoint by a strategic merge patch.",
        discussion: "Objects are merged, null deletes a member, lists are replaced whole.")

    @Argument(help: "wep") var kind: ResourceKind
    @Argument(help: "The endpoint's name.") var name: String

    @Option(
        name: .shortAndLong, parsing: .unconditional,
        help: ArgumentHelp("The patch.", valueName: "json"))
    var patch: String

    @Option(name: .shortAndLong, help: "Taken as calicoctl takes it, and ignored.")
    var type: String?

    @OptionGroup var namespace: NamespaceOption
    @Option(name: .shortAndLong, help: "text or json.") var output = TextOutput.text
    @OptionGroup var servers: ServerOptions

    func run() async throws {
        let patch = try JSONReader.read(self.patch)
        guard case .object = patch else {
            throw Fault(
                code: FaultCode.wrongShape, what: "the patch is no JSON object",
                remedy: #"write it as {"spec":{…}}"#)
        }
        let key = namespace.key(name)
        try await servers.withClient { client in
            // As in calicoctl a conflict is an error: the patch was meant for what was read.
            let edit = EndpointEdit(client: client, key: key, attempts: 1)
            let result = try await edit.run { endpoint in
                endpoint = try Self.patched(endpoint, by: patch)
            }
            switch output {
            case .text:
                try Console.output.line(
                    "Successfully patched 1 '\(WorkloadEndpoint.kind)' resource")
            case .json: try ResultPrinter(style: .json, effect: .real).print(result)
            }
        }
    }

    private static func patched(
        _ endpoint: WorkloadEndpoint, by patch: DocumentValue
    ) throws(InvalidEndpoint) -> WorkloadEndpoint {
        let document = DocumentValue(endpoint).patched(by: patch)
        let decoded = WorkloadEndpoint.decode(document, mode: .strict)
        let faults = decoded.allFaults(for: .apply)
        guard faults.isEmpty else { throw InvalidEndpoint(faults: faults) }
        return decoded.value
    }
}

extension DocumentValue {
    /// A strategic merge: objects by member, null deletes, anything else replaces.
    func patched(by patch: DocumentValue) -> DocumentValue {
        guard case .object(let changes) = patch else { return patch }
        var members: [Member] = []
        if case .object(let standing) = self { members = standing }
        for change in changes {
            let index = members.firstIndex { $0.key == change.key }
            switch (change.value, index) {
            case (.null, let index?): members.remove(at: index)
            case (.null, nil): break
            case (let value, let index?):
                members[index].value = members[index].value.patched(by: value)
            case (let value, nil):
                members.append(Member(change.key, DocumentValue.object([]).patched(by: value)))
            }
        }
        return .object(members)
    }
}
