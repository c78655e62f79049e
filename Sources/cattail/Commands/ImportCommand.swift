internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import Synchronization

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over what calicoctl or etcdctl print of an existing datastore.",
        discussion: """
            Takes `calicoctl get wep -A -o yaml|json` and `etcdctl get --prefix \
            /calico/resources/v3/projectcalico.org/workloadendpoints/ -w json`. Nothing is \
            refused for breaking a rule: it is taken as it stands and flagged.
            """)

    @OptionGroup var files: FileOptions

    @Flag(help: "Delete what is not in the input.") var prune = false
    @Flag(help: "Prune more than a tenth of all endpoints.") var yes = false

    @OptionGroup var options: WriteOptions

    func validate() throws {
        if yes && !prune { throw ValidationError("--yes is for --prune.") }
    }

    func run() async throws {
        let write = DocumentWrite(
            operation: .importing, namespace: options.namespace.namespace,
            effect: options.effect)
        let documents = DocumentBatches(try files.files(), dialect: .imports) {
            write.prepare($0)
        }
        let pruning = ImportedKeys()
        let keepsKeys = prune
        try await options.servers.withClient { client in
            let run = MutationRun(forgiven: nil, printer: options.printer)
            let count = try await run.run(documents, through: client) { document in
                if keepsKeys { pruning.note(document) }
            }
            try options.summarize(count, verb: "imported", skipEmpty: files.skipEmpty)
            if prune {
                try await Pruning(client: client, options: options, allowsMany: yes)
                    .run(keeping: pruning)
            }
        }
    }
}

/// The keys of an input, and whether all of it could be read.
final class ImportedKeys: Sendable {
    private let state = Mutex((keys: Set<EndpointKey>(), isWhole: true))

    func note(_ document: PreparedDocument) {
        state.withLock { state in
            switch document.content {
            case .request(let request): state.keys.insert(request.key)
            case .faults: state.isWhole = false
            }
        }
    }

    var keys: Set<EndpointKey> { state.withLock { $0.keys } }
    var isWhole: Bool { state.withLock { $0.isWhole } }
}
