import NIOPosix
import Testing

/// Threads on which the tasks of these tests run, apart from the pool of all other tests: what
/// computes there for seconds must not make a node look slow here.
final class OwnExecutor: TaskExecutor {
    static let shared = OwnExecutor()
    private let threads = NIOThreadPool(numberOfThreads: 4)

    private init() { threads.start() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Runs each test on `OwnExecutor`.
struct OnOwnThreads: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(OwnExecutor.shared) { try await body() }
    }
}

extension Trait where Self == OnOwnThreads {
    static var onOwnThreads: OnOwnThreads { OnOwnThreads() }
}
