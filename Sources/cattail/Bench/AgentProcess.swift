internal import CattailClient
internal import EndpointModel
internal import Foundation
internal import SyncTransport

/// Agents in a process of their own: `bench subscribers`, which ends when its input does, and so
/// with this process in any case.
actor AgentProcess: AgentGroup {
    private let process: ChildProcess

    init(_ options: AgentOptions, first: Int, count: Int, _ configuration: ClientConfiguration)
        throws
    {
        var arguments = [
            "bench", "subscribers", "--agents", "\(count)", "--first", "\(first)", "--kind",
            options.kind.rawValue, "--cluster", "\(options.cluster.cluster)", "--server",
            configuration.servers.map(\.description).joined(separator: ","),
        ]
        if let nodes = options.cluster.nodes { arguments += ["--nodes", "\(nodes)"] }
        if let tls = configuration.tls {
            arguments += ["--ca", tls.authorities]
            if let own = tls.own {
                arguments += ["--cert", own.certificate, "--key", own.key]
            }
        }
        if options.byNode { arguments.append("--by-node") }
        for selector in options.selectors { arguments += ["--selector", selector] }
        process = try ChildProcess("agents", arguments, errors: .standardError, input: .kept)
    }

    /// The next line that it prints.
    private func line() async throws -> Data {
        for await line in process.lines { return Data(line.utf8) }
        throw UsageFault("a process with agents ended", remedy: "see its words above")
    }

    private func ask(_ question: String) async throws -> Data {
        try process.send(question)
        return try await line()
    }

    func connect() async throws { _ = try await line() }
    func begin() async throws { _ = try await ask("begin") }
    func release() async throws { _ = try await ask("release") }

    func tally() async throws -> AgentTally {
        try JSONDecoder().decode(AgentTally.self, from: try await ask("tally"))
    }

    func holding(_ seq: Seq) async throws -> Int {
        struct Answer: Decodable { var holding: Int }
        return try JSONDecoder().decode(Answer.self, from: try await ask("holding \(seq)")).holding
    }

    func digests() async throws -> Set<String> {
        struct Answer: Decodable { var digests: Set<String> }
        return try JSONDecoder().decode(Answer.self, from: try await ask("digests")).digests
    }

    func close() async {
        process.endInput()
        _ = await process.ended()
    }
}
