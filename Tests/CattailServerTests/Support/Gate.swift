import Foundation
import Synchronization

/// Holds up threads that come by while it is closed, and counts all who came from then on.
final class Gate: Sendable {
    private struct State {
        var isClosed = false
        var wasClosed = false
        var passed = 0
    }

    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)
    private let waiting = DispatchSemaphore(value: 0)

    var passed: Int { state.withLock(\.passed) }

    func pass() {
        let waits = state.withLock { state in
            if state.wasClosed { state.passed += 1 }
            return state.isClosed
        }
        guard waits else { return }
        waiting.signal()
        opened.wait()
        opened.signal()
    }

    func close() {
        state.withLock {
            $0.isClosed = true
            $0.wasClosed = true
        }
    }

    func open() {
        state.withLock { $0.isClosed = false }
        opened.signal()
    }

    func untilSomebodyWaits() async throws {
        try await within(20, "somebody at the gate") {
            await OwnThread().run { self.waiting.wait() }
        }
    }
}
