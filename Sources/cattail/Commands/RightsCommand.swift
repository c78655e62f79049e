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
