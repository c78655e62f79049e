internal import ArgumentParser
internal import CattailClient
internal import EndpointModel
internal import Foundation

struct BenchSubscribersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribers",
        abstract: "Agents without a writer, led by lines on standard input.",
        discussion: """
            Prints a line when all are in sync, and one for each line that it reads: `begin` (what \
            comes from now on counts), `report` (what came), `holding SEQ` (how many hold it), \
            `hold SEQ SECONDS` (waits until all do), `digests`, `release` (stopped and slow agents \
            go on), `tally` (as other processes of bench read it). Ends with its input.
            """)

    @OptionGroup var agents: AgentOptions
    @OptionGroup var servers: ServerOptions

    func run() async throws {
        try await servers.withClient { client in
            let group = try await agents.group(client)
            do {
                try await lead(group)
            } catch {
                await group.close()
                throw error
            }
            await group.close()
        }
    }

    private func lead(_ group: any AgentGroup) async throws {
        let start = ContinuousClock.now
        try await group.connect()
        let seconds = (ContinuousClock.now - start).inSeconds
        let tally = try await group.tally()
        try say([("connectSeconds", .decimal(seconds))] + tally.members)
        for await line in ChildProcess.lines(of: .standardInput) {
            try await answer(line.split(separator: " "), group)
        }
    }

    private func answer(_ words: [Substring], _ group: any AgentGroup) async throws {
        let seq = words.dropFirst().first.flatMap { UInt64($0) }.map { Seq($0) } ?? .zero
        switch words.first {
        case "begin":
            try await group.begin()
            try say([("begun", .bool(true))])
        case "report": try say(try await group.tally().members)
        case "holding": try say([("holding", .integer(try await group.holding(seq)))])
        case "hold":
            let patience = words.count > 2 ? Int(words[2]) ?? 60 : 60
            let start = ContinuousClock.now
            let holding = try await group.hold(
                seq, all: agents.agents, within: .seconds(patience))
            try say([
                ("holding", .integer(holding)),
                ("seconds", .decimal((ContinuousClock.now - start).inSeconds)),
            ])
        case "digests":
            try say([("digests", .array(try await group.digests().sorted().map { .string($0) }))])
        case "release":
            try await group.release()
            try say([("released", .bool(true))])
        case "tally":
            let tally = try JSONEncoder().encode(try await group.tally())
            try say(String(decoding: tally, as: UTF8.self))
        default:
            throw UsageFault(
                "'\(words.joined(separator: " "))' leads nowhere", remedy: "see --help")
        }
    }

    private func say(_ members: [(String, DocumentValue?)]) throws {
        try say(JSONLine(members).text)
    }

    private func say(_ text: String) throws {
        try Console.output.line(text)
        try Console.output.flush()
    }
}
