internal import LogStore
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Threads that read the log, each job with a connection of its own. Nothing here holds up a
/// commit or an event loop.
///
/// Proof of `@unchecked Sendable`: a reader is in `idle` or in the hands of one job, never both;
/// `idle` is touched only under its lock.
final class ReaderPool: @unchecked Sendable {
    private let threads: NIOThreadPool
    private let directory: String
    private let idle = NIOLockedValueBox<[Confined<LogReader>]>([])

    init(directory: String, threadCount: Int) {
        self.directory = directory
        threads = NIOThreadPool(numberOfThreads: threadCount)
    }

    func start() { threads.start() }

    /// Runs the job on one of the threads. A job that comes when the pool is closed is dropped:
    /// the node is going down, and so are those who wait for it.
    func run(_ job: @escaping @Sendable (Result<LogReader, LogError>) -> Void) {
        threads.submit { state in
            guard state == .active else { return }
            let borrowed = self.borrow()
            job(borrowed)
            if case .success(let reader) = borrowed { self.giveBack(reader) }
        }
    }

    /// Runs a job that needs no reader.
    func compute(_ job: @escaping @Sendable () -> Void) {
        threads.submit { state in if state == .active { job() } }
    }

    /// Jobs underway are done; those that wait are dropped.
    func close() async {
        // It is told once, and has no other way to fail.
        try? await threads.shutdownGracefully()
        idle.withLockedValue { $0 = [] }
    }

    private func borrow() -> Result<LogReader, LogError> {
        if let confined = idle.withLockedValue({ $0.popLast() }) {
            return .success(confined.take())
        }
        do { return .success(try LogReader.open(directory: directory)) } catch {
            return .failure(error)
        }
    }

    private func giveBack(_ reader: LogReader) {
        let confined = Confined(reader)
        idle.withLockedValue { $0.append(confined) }
    }
}
