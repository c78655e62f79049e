import CattailServer
import Synchronization

/// A session's clock that stands still until a test moves it.
final class ManualClock: Sendable {
    private let now = Atomic<UInt64>(1_000_000)

    var clock: SessionClock { SessionClock { self.now.load(ordering: .relaxed) } }

    func advance(seconds: UInt64) { now.add(seconds * 1_000, ordering: .relaxed) }
}
