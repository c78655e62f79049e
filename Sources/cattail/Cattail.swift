internal import ArgumentParser
internal import CattailServer
internal import Glibc

/// The command line. Each command parses its flags, has other types do the work, and prints.
@main
struct Cattail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cattail",
        abstract: "Keeps every change of Calico's workload endpoints and streams them.",
        version: Program.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Processes:",
                subcommands: [LeaderCommand.self, FollowerCommand.self, DemoCommand.self]),
            CommandGroup(
                name: "Endpoints:",
                subcommands: [
                    ApplyCommand.self, CreateCommand.self, ReplaceCommand.self,
                    DeleteCommand.self, GetCommand.self, LabelCommand.self, PatchCommand.self,
                    ImportCommand.self, WatchCommand.self,
                ]),
            CommandGroup(
                name: "The past:",
                subcommands: [
                    LogCommand.self, HistoryCommand.self, DiffCommand.self, VerifyCommand.self,
                ]),
            CommandGroup(
                name: "Without a server:",
                subcommands: [
                    ValidateCommand.self, SelectorCommand.self, NameCommand.self,
                    GenerateCommand.self,
                ]),
            CommandGroup(
                name: "Operations:",
                subcommands: [
                    StatusCommand.self, MembersCommand.self, PromoteCommand.self,
                    RightsCommand.self, BackupCommand.self, RestoreCommand.self, CertsCommand.self,
                    BenchCommand.self,
                ]),
        ])

    static func main() async {
        // A closed pipe is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await perform()
            ProgressLine.standard.clear()
            try Console.output.flush()
            try Console.faults.checkNone()
        } catch {
            CommandEnd(error).exit()
        }
    }

    /// Off the main actor, where a command's own waiting would keep others from it.
    @concurrent
    private static func perform() async throws {
        var command = try await asyncParseAsRoot()
        if !(command is any NodeCommand) { ProcessLog.bootstrapSilent() }
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }
}
