import Foundation

/// What did not come about in time.
struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// What a test cannot go on without.
struct Unexpected: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

private let deadlines = DispatchQueue(label: "deadlines")

/// Returns when the time is over or the task is cancelled: what ends a wait, never what makes one.
func deadline(in seconds: Double) async {
    let (stream, end) = AsyncStream.makeStream(of: Never.self)
    deadlines.asyncAfter(deadline: .now() + seconds) { end.finish() }
    for await _ in stream {}
}

/// Fails when the body takes longer: no test waits for ever, and none waits for a time.
func within<Result: Sendable>(
    _ seconds: Double = 30, _ what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            await deadline(in: seconds)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw Overdue(description: "not within \(seconds) s: \(what)")
        }
        return result
    }
}
