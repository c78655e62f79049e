internal import ArgumentParser
internal import Audit
internal import CattailServer
internal import EndpointModel
internal import Foundation
internal import LogStore

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a leader's data directory out of a backup.",
        discussion: """
            Every event of the backup is checked first. The log goes on in an epoch of its own, so
            that whoever holds what the old leader wrote behind the backup is told that this is gone.
            When epochs may have begun since the backup was made, give the greatest number that
            anybody has seen.
            """)

    @Argument(help: ArgumentHelp("What cattail backup has made.", valueName: "file"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "An empty directory; made when its parent exists (CATTAIL_DATA).", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("Begin an epoch above this one too.", valueName: "number"))
    var epochAbove: UInt64 = 0

    @Option(name: .shortAndLong, help: "text or json.")
    var output = TextOutput.text

    func run() throws {
        guard let data = data ?? Setting.text("data") else {
            throw UsageFault("--data is missing", remedy: "name an empty directory")
        }
        guard FileManager.default.fileExists(atPath: file) else {
            throw Fault(
                code: FaultCode.fileMissing, what: "\(file) is not there",
                remedy: "name what cattail backup has made")
        }
        let directory = try DataDirectory.acquire(data)
        defer { directory.release() }
        var generator = SystemRandomNumberGenerator()
        let outcome = try Restoration(LogRestore(of: file, into: directory)).run(
            .init(
                epochAbove: epochAbove, leaderID: generator.next(), now: WallClock.system.now())
        ) { done, all in
            ProgressLine.standard.show(
                "\(done) events checked", done: done.rawValue, of: all.rawValue)
        }
        try Console.output.line(output == .text ? text(outcome, data) : json(outcome))
    }

    private func text(_ found: Restoration.Outcome, _ data: String) -> String {
        "restored: \(found.backup.seq) events, chain \(found.backup.chain), log \(found.logID); "
            + "epoch \(found.epoch) begins at seq \(found.head.seq); start it with "
            + "cattail leader --data \(data)"
    }

    private func json(_ found: Restoration.Outcome) -> String {
        JSONLine([
            ("events", .seq(found.backup.seq)), ("chain", .text(found.backup.chain)),
            ("logID", .text(found.logID)), ("epoch", .text(found.epoch)),
            ("seq", .seq(found.head.seq)),
        ]).text
    }
}
