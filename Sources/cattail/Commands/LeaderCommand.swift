internal import ArgumentParser
internal import CattailServer

struct LeaderCommand: AsyncParsableCommand, NodeCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader",
        abstract: "Accept mutations and serve subscribers.",
        discussion: "Prints one line on standard output when it takes writes. SIGTERM and "
            + "SIGINT drain it; a second SIGINT ends it at once.")

    @OptionGroup var process: ProcessOptions

    func run() async throws {
        let configuration = try process.configuration()
        try await NodeProcess.run { try await Node.leader(configuration) }
    }
}
