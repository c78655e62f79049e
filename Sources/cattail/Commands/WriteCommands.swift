internal import ArgumentParser
internal import CattailClient

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Create or replace endpoints from documents.")

    @OptionGroup var files: FileOptions
    @OptionGroup var options: WriteOptions

    func run() async throws {
        try await options.write(files, .apply, verb: "applied")
    }
}

struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create endpoints from documents.")

    @OptionGroup var files: FileOptions
    @Flag(help: "An endpoint that exists already counts as done.") var skipExists = false
    @OptionGroup var options: WriteOptions

    func run() async throws {
        try await options.write(
            files, .create, verb: "created", forgiving: skipExists ? .alreadyExists : nil)
    }
}

struct ReplaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace", abstract: "Replace endpoints from documents.")

    @OptionGroup var files: FileOptions
    @OptionGroup var options: WriteOptions

    func run() async throws {
        try await options.write(files, .replace, verb: "replaced")
    }
}
