internal import ArgumentParser

/// `-f` with calicoctl's companions.
struct FileOptions: ParsableArguments {
    static let filenameNames: NameSpecification = [.customShort("f"), .long]
    static let filenameHelp = ArgumentHelp(
        "A file, a directory with .json, .yaml and .yml files, or - for standard input; "
            + "may be given several times.",
        valueName: "file")

    @Option(name: filenameNames, help: filenameHelp)
    var filename: [String] = []

    @Flag(name: [.customShort("R"), .long], help: "Go through directories in directories too.")
    var recursive = false

    @Flag(help: "An input without documents is no error.")
    var skipEmpty = false

    func validate() throws {
        if filename.isEmpty { throw ValidationError("Missing expected argument '-f <file>'") }
    }

    /// Of all that are named, in the order given.
    func files() throws -> [InputFile] {
        try filename.flatMap { path throws(Fault) in
            try InputFile.files(at: path, depth: recursive ? .recursive : .flat)
        }
    }
}
