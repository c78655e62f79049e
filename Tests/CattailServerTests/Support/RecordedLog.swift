import Logging
import Synchronization

/// What a node has said in its log, for tests that wait for it.
final class RecordedLog: Sendable {
    struct Line: Hashable, Sendable {
        let level: String
        let message: String
        let facts: [String: String]

        var code: String? { facts["code"] }
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Waiter] = []
    }

    private struct Waiter {
        let condition: @Sendable (Line) -> Bool
        let stream: AsyncStream<Line>.Continuation
    }

    private let state = Mutex(State())

    var lines: [Line] { state.withLock(\.lines) }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    /// The first line of which it is true, said or yet to be said.
    func line(
        _ what: String, where condition: @escaping @Sendable (Line) -> Bool
    ) async throws -> Line {
        let (stream, continuation) = AsyncStream.makeStream(of: Line.self)
        state.withLock { state in
            if let line = state.lines.first(where: condition) {
                continuation.yield(line)
            } else {
                state.waiters.append(Waiter(condition: condition, stream: continuation))
            }
        }
        do {
            return try await within(20, "log: \(what)") {
                for await line in stream { return line }
                throw Unexpected("nothing more is said")
            }
        } catch {
            throw Unexpected("\(error); said: \(lines.map { "\($0.message) \($0.facts)" })")
        }
    }

    private func take(_ line: Line) {
        state.withLock { state in
            state.lines.append(line)
            state.waiters.removeAll { waiter in
                guard waiter.condition(line) else { return false }
                waiter.stream.yield(line)
                return true
            }
        }
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
            log.take(
                Line(
                    level: "\(event.level)", message: "\(event.message)",
                    facts: facts.mapValues { "\($0)" }))
        }
    }
}
