internal import ArgumentParser
internal import CattailClient
internal import EndpointModel

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the log: every seq, hash, link of the chain, and that each event fits.")

    @Option(help: "Begin at this seq.")
    var from: UInt64 = 1

    @Option(name: .shortAndLong, help: "text or json.")
    var output = TextOutput.text

    @OptionGroup var source: ArchiveOptions

    func run() async throws {
        let first = Seq(max(1, from))
        let (found, anchor) = try await source.withArchive {
            (try await $0.verify(from: first), $0.anchor)
        }
        // Beside a log that is whole: how far the rules of this version reach in it.
        if found.firstBad == nil, !found.why.isEmpty { Console.faults.warn(found.why) }
        switch (found.firstBad, output) {
        case (let seq?, _):
            throw Fault(
                code: FaultCode.damaged,
                what: "seq \(seq) is the first that is missing or wrong: "
                    + found.why,
                remedy: "restore the data directory from a copy or from a follower")
        case (nil, .text): try Console.output.line(Self.text(found, anchor))
        case (nil, .json): try Console.output.line(Self.json(found, anchor))
        }
    }

    private static func text(_ found: LogVerification, _ anchor: AnchorStanding) -> String {
        let end =
            switch anchor {
            case .held: ""
            case .missing: ", anchor missing: whether that is the log's end is not known"
            }
        return "ok: \(found.checked) events, head seq \(found.head.seq), "
            + "chain \(found.head.chain), log \(found.head.logID)\(end)"
    }

    private static func json(_ found: LogVerification, _ anchor: AnchorStanding) -> String {
        JSONLine([
            ("ok", .bool(true)),
            ("events", .integer(found.checked)),
            ("seq", .seq(found.head.seq)),
            ("chain", .text(found.head.chain)),
            ("logID", .text(found.head.logID)),
            ("anchor", .string(anchor.rawValue)),
        ]).text
    }
}
