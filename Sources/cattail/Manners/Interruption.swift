internal import UnixSignals

/// SIGINT, SIGTERM and a reader that goes away as the quiet end of what would go on for ever.
enum Interruption {
    /// Runs `body` until it returns or throws, or until a signal comes or nobody reads standard
    /// output any more, which cancels it.
    static func endsQuietly(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals {
                    // A reader that does not read must not keep the end from coming.
                    return OutputStream.stopWaitingForReaders()
                }
            }
            group.addTask { await Console.output.untilReaderIsGone() }
            defer { group.cancelAll() }
            do {
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            } catch is CancellationError {
                // That is how the other one ends.
            }
        }
    }
}
