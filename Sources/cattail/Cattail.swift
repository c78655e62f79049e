internal import ArgumentParser
internal import Glibc

/// The command line. Each command parses its flags, has other types do the work, and prints.
@main
struct Cattail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cattail",
        abstract: "Keeps every change of Calico's workload endpoints and streams them.",
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(
                name: "Without a server:",
                subcommands: [
                    ValidateCommand.self, SelectorCommand.self, NameCommand.self,
                    GenerateCommand.self,
                ]),
        ])

    static func main() async {
        // A closed pipe is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            let command = try await asyncParseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                var synchronous = command
                try synchronous.run()
            }
            try Console.output.flush()
            try Console.faults.checkNone()
        } catch {
            CommandEnd(error).exit()
        }
    }
}

enum Version {
    static let text = "0.1.0"
}
