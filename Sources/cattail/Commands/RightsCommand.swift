internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import SyncProtocol

struct RightsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rights",
        abstract: "Who may do and see what: an event in the log, enforced by every node.",
        discussion: "The first rule whose identity fits a certificate's common name or URI counts; "
            + "who has none by it may do nothing. Without certificates the name is unproven:ACTOR.",
        subcommands: [Get.self, Apply.self])

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The rights in force, as `rights apply` takes them.")

        @OptionGroup var printing: RightsPrinting
        @OptionGroup var servers: ServerOptions

        func run() async throws {
            try printing.print(try await servers.withClient { try await $0.rights() })
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put other rights in force, in the place of those that are.",
            discussion: "A document with a seq, as `rights get` prints it, is refused when other "
                + "rights stand by now.")

        @Option(
            name: FileOptions.filenameNames,
            help: ArgumentHelp("A file, or - for standard input.", valueName: "file"))
        var filename: String
        @OptionGroup var printing: RightsPrinting
        @OptionGroup var servers: ServerOptions

        func run() async throws {
            let wanted = try RightsFile(name: filename).read()
            let query = RightsQuery(wanted: wanted.rights, expectedSeq: wanted.seq)
            try printing.print(try await servers.askLeader { try await $0.rights(query) })
        }
    }
}

struct RightsPrinting: ParsableArguments {
    enum Output: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    @Option(name: .shortAndLong, help: "yaml or json.")
    var output = Output.yaml

    func print(_ bytes: [UInt8]) throws {
        let report = try JSONReader.read(bytes)
        switch output {
        case .json: try Console.output.line(report.compactJSON)
        case .yaml: try Console.output.write(report.yaml)
        }
    }
}

/// One document with rights, in YAML or JSON.
private struct RightsFile {
    let name: String

    func read() throws -> RightsDocument {
        let bytes = try bytes()
        let value: DocumentValue
        do {
            guard let read = try YAMLReader.read(bytes) else {
                throw Fault(
                    code: FaultCode.noDocuments, what: "\(name): no document",
                    remedy: "write one of kind \(RightsDocument.kind)")
            }
            value = read.value
        } catch let error as DocumentSyntaxError {
            throw Fault(error).at(DocumentPosition(source: name, document: 1, line: error.line))
        }
        let decoded = RightsDocument.decode(value)
        let faults = decoded.faults.isEmpty ? decoded.value.rights.faults() : decoded.faults
        guard faults.isEmpty else {
            let position = DocumentPosition(source: name, document: 1, line: 1)
            throw Faults(all: faults.map { Fault($0).at(position) })
        }
        return decoded.value
    }

    private func bytes() throws -> [UInt8] {
        let files = try InputFile.files(at: name, depth: .flat)
        guard let file = files.first, files.count == 1 else {
            throw Fault(
                code: FaultCode.wrongShape, what: "\(name): \(files.count) files",
                remedy: "name one file: rights are one document")
        }
        var bytes: [UInt8] = []
        let limit = DocumentLimits.standard.documentBytes
        try file.read { piece in
            bytes += piece
            return bytes.count > limit ? .stop : .goOn
        }
        return bytes
    }
}
