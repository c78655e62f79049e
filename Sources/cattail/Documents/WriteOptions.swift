internal import ArgumentParser
internal import CattailClient

/// What every command that writes documents takes.
struct WriteOptions: ParsableArguments {
    @OptionGroup var namespace: NamespaceOption

    @Flag(help: "Say what would change, and change nothing.")
    var dryRun = false

    @Option(name: .shortAndLong, help: "text, or json: a line for each document.")
    var output = TextOutput.text

    @OptionGroup var servers: ServerOptions

    var effect: MutationRequest.Effect { dryRun ? .dryRun : .real }

    var printer: ResultPrinter {
        switch (output, effect) {
        case (.json, _): ResultPrinter(style: .json, effect: effect)
        case (.text, .dryRun): ResultPrinter(style: .lines, effect: effect)
        case (.text, .real): ResultPrinter(style: .quiet, effect: effect)
        }
    }

    /// Writes all documents of `files` and says what became of them.
    func write(
        _ files: FileOptions, _ operation: DocumentOperation, verb: String,
        forgiving forgiven: ClientError.Code? = nil
    ) async throws {
        let write = DocumentWrite(
            operation: operation, namespace: namespace.namespace, effect: effect)
        let documents = DocumentBatches(try files.files()) { write.prepare($0) }
        let count = try await servers.withClient {
            try await MutationRun(forgiven: forgiven, printer: printer).run(documents, through: $0)
        }
        try summarize(count, verb: verb, skipEmpty: files.skipEmpty)
    }

    func summarize(_ count: MutationRun.Count, verb: String, skipEmpty: Bool) throws {
        ProgressLine.standard.clear()
        if count.all == 0, !skipEmpty { throw NoDocuments.fault }
        let summary = DocumentSummary(
            verb: dryRun ? "checked" : verb, all: count.all, done: count.done)
        if case .text = output, let line = summary.line { try Console.output.line(line) }
        try Console.output.flush()
    }
}
