internal import ArgumentParser

/// `-f` with calicoctl's companions.
struct FileOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp(
            "A file, a directory with .json, .yaml and .yml files, or - for standard input.",
            valueName: "file"))
    var filename: String

    @Flag(name: [.customShort("R"), .long], help: "Go through directories in directories too.")
    var recursive = false

    @Flag(help: "An input without documents is no error.")
    var skipEmpty = false

    func files() throws -> [InputFile] {
        try InputFile.files(at: filename, depth: recursive ? .recursive : .flat)
    }
}
