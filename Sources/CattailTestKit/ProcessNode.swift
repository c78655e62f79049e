internal import Glibc

/// A `cattail leader` or `follower` that has said that it is ready.
package struct NodeChild: Sendable {
    package let process: ChildProcess
    package let role: String
    /// The real address.
    package let listen: String
    package let log: String
    package let seq: UInt64

    /// Starts a leader on a free port of loopback.
    package static func leader(
        data: String, listen: String = "127.0.0.1:0", _ more: [String] = []
    ) async throws -> NodeChild {
        try await start(["leader", "--data", data, "--listen", listen] + more)
    }

    package static func follower(
        data: String, upstream: String, listen: String = "127.0.0.1:0", _ more: [String] = []
    ) async throws -> NodeChild {
        try await start(
            ["follower", "--data", data, "--upstream", upstream, "--listen", listen] + more)
    }

    package static func start(_ arguments: [String]) async throws -> NodeChild {
        let process = try ChildProcess(arguments)
        let line = try await process.line() ?? ""
        guard let node = NodeChild(process, line) else {
            let outcome = try await process.ended()
            throw ProcessTrouble.unexpectedReadyLine(line + "\n" + outcome.errors)
        }
        return node
    }

    /// Reads `ready role=leader listen=127.0.0.1:5474 log=UUID seq=N`.
    private init?(_ process: ChildProcess, _ line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let keys = ["role=", "listen=", "log=", "seq="]
        guard words.count == 5, words[0] == "ready",
            zip(words.dropFirst(), keys).allSatisfy({ $0.hasPrefix($1) }),
            let seq = UInt64(words[4].dropFirst(4))
        else { return nil }
        self.process = process
        role = String(words[1].dropFirst(5))
        listen = String(words[2].dropFirst(7))
        log = String(words[3].dropFirst(4))
        self.seq = seq
    }

    /// Runs a client command against this node.
    @discardableResult
    package func run(
        _ arguments: [String], input: String = "", within limit: Duration = .seconds(60)
    ) async throws -> ProcessOutcome {
        try await ChildProcess.run(
            arguments, input: input, environment: ["CATTAIL_SERVER": listen], within: limit)
    }

    /// Drains it.
    @discardableResult
    package func stop() async throws -> ProcessOutcome {
        process.send(signal: SIGTERM)
        return try await process.ended()
    }

    /// `kill -9`.
    @discardableResult
    package func kill() async throws -> ProcessOutcome {
        process.send(signal: SIGKILL)
        return try await process.ended()
    }
}
