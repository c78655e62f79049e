internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import SyncProtocol

struct MembersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "members",
        abstract: "The voting followers, by advertised address.",
        discussion: "They are who promises in a promotion, and who must have what is acknowledged "
            + "when the leader runs with --min-acks.",
        subcommands: [Show.self, Add.self, Remove.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Who votes (the default).")

        @OptionGroup var printing: MembersPrinting
        @OptionGroup var servers: ServerOptions

        func run() async throws {
            try printing.print(try await servers.withClient { try await $0.members() })
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Let a follower vote.")

        @Argument(help: ArgumentHelp("Its advertised address.", valueName: "host:port"))
        var address: String
        @OptionGroup var printing: MembersPrinting
        @OptionGroup var servers: ServerOptions

        func run() async throws {
            try printing.print(
                try await servers.askLeader { try await $0.members(MembersQuery(add: address)) })
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Let a follower vote no more.")

        @Argument(help: ArgumentHelp("Its advertised address.", valueName: "host:port"))
        var address: String
        @OptionGroup var printing: MembersPrinting
        @OptionGroup var servers: ServerOptions

        func run() async throws {
            try printing.print(
                try await servers.askLeader { try await $0.members(MembersQuery(remove: address)) })
        }
    }
}

struct MembersPrinting: ParsableArguments {
    @Option(name: .shortAndLong, help: "table or json.")
    var output = TableOutput.table

    func print(_ bytes: [UInt8]) throws {
        let report = try JSONReader.read(bytes)
        switch output {
        case .json: try Console.output.line(report.compactJSON)
        case .table: try Console.output.write(MembersTable.text(report))
        }
    }
}

enum MembersTable {
    static func text(_ report: DocumentValue) -> String {
        var table = TextTable(headings: ["ADDRESS", "ROLE", "STANDING", "SEQ"])
        if case .array(let rows)? = report["members"] {
            for row in rows {
                table.append(["address", "role", "standing", "seq"].map { shown(row[$0]) })
            }
        }
        let facts = ["leader", "epoch", "minAcks"].map { "\($0) \(shown(report[$0]))" }
        return facts.joined(separator: ", ") + "\n" + table.text
    }

    static func shown(_ value: DocumentValue?) -> String {
        switch value {
        case nil, .null?: ""
        case .string(let text)?: text
        case .number(let literal)?: literal
        case .bool(let flag)?: String(flag)
        case .array?, .object?: value?.compactJSON ?? ""
        }
    }
}
