internal import ArgumentParser
internal import Foundation

/// `cattail demo`: the whole story on real processes, in about a minute.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "A leader, two followers and agents on loopback: the whole story in a minute.")

    @Option(name: .customLong("pause"), help: "Seconds to read between two steps.")
    var pauseSeconds = 6.0

    @Flag(name: .customLong("keep"), help: "Keep the folder with the logs at the end.")
    var keepsFolder = false

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("cattail-demo-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        var story = try DemoStory(
            folder: folder, pause: .milliseconds(Int(max(0, min(60, pauseSeconds)) * 1_000)))
        do {
            try await story.tell()
            await story.end()
        } catch {
            await story.end()
            FileHandle.standardError.write(Data("error: demo-failed: \(error)\n".utf8))
            throw ExitCode(1)
        }
        if keepsFolder {
            FileHandle.standardOutput.write(Data("\nkept: \(folder.path)\n".utf8))
        } else {
            try FileManager.default.removeItem(at: folder)
        }
    }
}
