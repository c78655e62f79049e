internal import ArgumentParser

/// Load from the user's side. `tools/bench` calls these.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure: load from the user's side, and the fold and rebuild of views.",
        subcommands: [
            BenchWritersCommand.self, BenchBulkCommand.self, BenchAgentsCommand.self,
            BenchSubscribersCommand.self, BenchFoldCommand.self, BenchRebuildCommand.self,
            BenchClientCommand.self,
        ])
}
