internal import NIOConcurrencyHelpers

/// A queue between threads: many put, one takes all that is there.
///
/// What gathers while the taker is busy is its next batch: load makes batches, idleness makes
/// low latency, and there is no timer. The senders bound it: each connection stops reading at
/// its limit of outstanding requests.
///
/// Proof of `@unchecked Sendable`: `elements` and `isClosed` are touched only between
/// `condition.lock` and `condition.unlock`.
final class Inbox<Element: Sendable>: @unchecked Sendable {
    private enum Content { case none, some }

    private let condition = ConditionLock(value: Content.none)
    private var elements: [Element] = []
    private var isClosed = false

    enum Taken {
        case elements([Element])
        /// Nothing came within the time given.
        case nothing
        /// Closed, and everything that was put has been taken.
        case closed
    }

    /// False when the inbox is closed: the element was not taken up.
    func put(_ element: Element) -> Bool {
        condition.lock()
        guard !isClosed else {
            condition.unlock()
            return false
        }
        elements.append(element)
        condition.unlock(withValue: .some)
        return true
    }

    /// Waits until there is something, the time is over, or the inbox is closed.
    func takeAll(waitingAtMost seconds: Double) -> Taken {
        guard condition.lock(whenValue: .some, timeoutSeconds: seconds) else { return .nothing }
        let taken = elements
        elements = []
        condition.unlock(withValue: isClosed ? .some : .none)
        return taken.isEmpty && isClosed ? .closed : .elements(taken)
    }

    /// Nothing more is taken up; what is inside will still be taken.
    func close() {
        condition.lock()
        isClosed = true
        condition.unlock(withValue: .some)
    }
}
