internal import Dispatch
internal import Foundation
internal import Glibc

/// How a process ended, and everything that it printed.
package struct ProcessOutcome: Sendable {
    /// The exit code, or minus the signal that ended it.
    package let code: Int32
    package let output: String
    package let errors: String

    /// The lines of standard output.
    package var lines: [String] { Self.lines(output) }
    package var errorLines: [String] { Self.lines(errors) }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast(text.hasSuffix("\n") || text.isEmpty ? 1 : 0).map(String.init)
    }
}

/// A child process: its input is written, its lines are waited for, its end is awaited, all with
/// deadlines and without sleeping. It is killed when this value goes.
package final class ChildProcess: Sendable {
    private let core: ProcessCore
    private let command: String

    package var pid: Int32 { core.pid }

    /// Starts a program: the `cattail` under test unless another is named. Of the runner's
    /// environment it gets none of `CATTAIL_…`.
    package init(
        _ arguments: [String], executable: String = CattailBinary.path,
        environment: [String: String] = [:]
    ) throws {
        let inherited = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("CATTAIL_") }
        core = ProcessCore(
            try ProcessSpawn.spawn(
                executable, arguments, environment: inherited.merging(environment) { $1 }))
        command = ([executable] + arguments).joined(separator: " ")
    }

    deinit {
        core.send(signal: SIGKILL)
        core.closeInput()
    }

    /// Starts a program, gives it `input`, and waits for its end.
    package static func run(
        _ arguments: [String], executable: String = CattailBinary.path, input: String = "",
        environment: [String: String] = [:], within limit: Duration = .seconds(60)
    ) async throws -> ProcessOutcome {
        let child = try ChildProcess(
            arguments, executable: executable, environment: environment)
        let core = child.core
        ProcessCore.thread {
            core.write(input)
            core.closeInput()
        }
        return try await child.ended(within: limit)
    }

    /// What this process closed before is closed for good when this returns: a child that was
    /// just being started had it too.
    package static func awaitStarts() { ProcessSpawn.awaitStarts() }

    // MARK: Input and signals

    /// Blocks while the child does not read; a child that has gone is no error.
    package func write(_ text: String) { core.write(text) }

    package func closeInput() { core.closeInput() }

    package func send(signal: Int32) { core.send(signal: signal) }

    // MARK: Waiting

    /// The next line of standard output; nil at its end.
    package func line(within limit: Duration = .seconds(30)) async throws -> String? {
        try await wait(core.outputEvents, for: "line", limit)
        return core.takeLine()
    }

    /// Lines up to the first that `isLast` is true of, that one included.
    package func lines(
        until isLast: (String) -> Bool, within limit: Duration = .seconds(30)
    ) async throws -> [String] {
        var lines: [String] = []
        while let line = try await line(within: limit) {
            lines.append(line)
            if isLast(line) { return lines }
        }
        throw trouble(waitingFor: "such a line before the end")
    }

    package func ended(within limit: Duration = .seconds(60)) async throws -> ProcessOutcome {
        try await wait(core.end, for: "end", limit)
        // It stays ended for whoever asks again.
        core.end.signal()
        return core.outcome
    }

    /// On a thread of its own: the pool that tests run on is small.
    private func wait(
        _ semaphore: DispatchSemaphore, for wanted: String, _ limit: Duration
    ) async throws {
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        let result = await withCheckedContinuation { continuation in
            ProcessCore.thread {
                continuation.resume(
                    returning: semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)))
            }
        }
        guard case .success = result else {
            send(signal: SIGKILL)
            throw trouble(waitingFor: wanted)
        }
    }

    private func trouble(waitingFor wanted: String) -> ProcessTrouble {
        let outcome = core.outcome
        return .deadline(
            waitingFor: wanted, command: command, output: outcome.output, errors: outcome.errors)
    }
}
