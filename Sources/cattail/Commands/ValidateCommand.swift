internal import ArgumentParser

struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Judge documents without a server.",
        discussion: "Exit code 1 when any is invalid. Every fault is reported at once.")

    @OptionGroup var files: FileOptions
    @Option(name: .shortAndLong, help: "text or json, a line for each document.")
    var output = TextOutput.text

    func run() async throws {
        let documents = DocumentBatches(try files.files()) { ValidatedDocument($0) }
        var count = (all: 0, valid: 0)
        for try await batch in documents {
            for document in batch {
                count.all += 1
                count.valid += document.isValid ? 1 : 0
                try show(document)
            }
            try Console.output.flush()
        }
        try end(count)
    }

    private func show(_ document: ValidatedDocument) throws {
        for warning in document.warnings { Console.faults.warn(warning) }
        switch output {
        case .json: try Console.output.line(document.json)
        case .text: Console.faults.report(document.faults)
        }
    }

    private func end(_ count: (all: Int, valid: Int)) throws {
        if count.all == 0, !files.skipEmpty { throw NoDocuments.fault }
        if case .text = output {
            let summary = DocumentSummary(verb: "validated", all: count.all, done: count.valid)
            if let line = summary.line { try Console.output.line(line) }
        }
        guard count.valid == count.all else { throw ExitCode.failure }
    }
}

/// An input that holds nothing.
enum NoDocuments {
    static let fault = Fault(
        code: FaultCode.noDocuments, what: "No resources specified",
        remedy: "give documents, or --skip-empty")
}
