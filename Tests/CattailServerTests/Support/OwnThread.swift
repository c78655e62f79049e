import Dispatch

/// A thread for calls that block, one after the other.
///
/// Tests and tasks share few threads. Two tests that waited in `recv` on those would stop every
/// task of the process, and what then does not come looks like an answer that was lost.
struct OwnThread: Sendable {
    /// Serial queues are given a thread each while they have work.
    private let queue = DispatchQueue(label: "a test's blocking calls")

    func run<Result: Sendable>(
        _ call: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result(catching: call)) }
        }
    }

    func run<Result: Sendable>(_ call: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: call()) }
        }
    }
}
