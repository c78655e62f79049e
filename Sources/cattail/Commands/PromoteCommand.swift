internal import ArgumentParser
internal import CattailClient
internal import EndpointDocuments
internal import EndpointModel
internal import SyncProtocol

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Make the follower that it is sent to the leader.",
        discussion: "It asks the voters, and the leader if it can be reached, to take nothing more "
            + "of the old epoch, and goes on only if this node has all that was acknowledged. A "
            + "leader that it is sent to begins a new epoch.")

    @Flag(help: "Go on though what was acknowledged may be lost, and say what.")
    var force = false

    @Option(name: .shortAndLong, help: "table or json.")
    var output = TableOutput.table

    @OptionGroup var servers: ServerOptions

    func run() async throws {
        let bytes = try await servers.withClient { try await $0.promote(force ? .yes : .no) }
        let result = try JSONReader.read(bytes)
        switch output {
        case .json: try Console.output.line(result.compactJSON)
        case .table:
            let facts = ["leader", "epoch", "seq"].map { MembersTable.shown(result[$0]) }
            try Console.output.line(
                "\(facts[0]) leads in epoch \(facts[1]), from seq \(facts[2]) on")
            guard case .array(let losses)? = result["mayBeLost"] else { return }
            for loss in losses {
                try Console.output.line("may be lost: \(MembersTable.shown(loss))")
            }
        }
    }
}
