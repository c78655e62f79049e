internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import Foundation
internal import LogStore

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write a node's whole log to one file.",
        discussion: """
            The node goes on meanwhile. The file holds every event up to the head as it was when
            the backup began, and is made when all of them have been found right; cattail restore
            makes a node of it.
            """)

    @Argument(help: ArgumentHelp("Where to; nothing is there yet.", valueName: "file"))
    var file: String

    @Option(name: .shortAndLong, help: "text or json.")
    var output = TextOutput.text

    @OptionGroup var source: ArchiveOptions

    func run() async throws {
        let (logID, head) = try await source.withArchive { archive in
            let logID = try await archive.logID()
            let backup = try LogBackup(file: file, logID: logID)
            do {
                try await fill(backup, from: archive)
                try backup.finish()
            } catch {
                // What went wrong first is what is to be told.
                try? backup.abandon()
                throw error
            }
            return (logID, backup.head)
        }
        switch output {
        case .text:
            try Console.output.line(
                "backed up: \(head.seq) events, chain \(head.chain), log \(logID), to \(file)")
        case .json:
            try Console.output.line(
                JSONLine([
                    ("events", .seq(head.seq)), ("chain", .text(head.chain)),
                    ("logID", .text(logID)), ("file", .string(file)),
                ]).text)
        }
    }

    private func fill(_ backup: LogBackup, from archive: any Archive) async throws {
        let last = try await archive.events(EventRange()) { entries in
            do {
                try backup.append(try entries.map(Self.stored))
            } catch LogError.batchRefused(let seq, let reason) {
                throw Fault(
                    code: FaultCode.damaged, what: "the event at seq \(seq) is wrong: \(reason)",
                    remedy: "check the node with cattail verify")
            }
            ProgressLine.standard.show(
                "\(backup.head.seq) events", done: backup.head.seq.rawValue, of: nil)
        }
        guard backup.head.seq >= last else {
            throw Fault(
                code: FaultCode.damaged,
                what: "the node ended its log at seq \(backup.head.seq), and its head is \(last)",
                remedy: "check the node with cattail verify")
        }
    }

    private static func stored(_ entry: CattailClient.LogEntry) throws -> LogStore.LogEntry {
        let audit = try entry.record.audit()
        let request =
            audit.requestID.isEmpty
            ? nil : RequestKey(actor: audit.actor, requestID: audit.requestID)
        return LogStore.LogEntry(entry.record, chain: entry.chain, request: request)
    }
}
