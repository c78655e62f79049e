internal import NIOConcurrencyHelpers

/// A queue between threads: many put, one takes all that is there.
///
/// What gathers while the taker is busy is its next batch: load makes batches, idleness makes
/// low latency, and there is no timer. The senders bound it: each connection stops reading at
/// its limit of outstanding requests. A taker that is in no hurry is woken only when enough has
/// gathered, for to be woken costs more than most of what it is woken for.
///
/// Proof of `@unchecked Sendable`: `elements`, `gathered` and `isClosed` are touched only between
/// `condition.lock` and `condition.unlock`.
final class Inbox<Element: Sendable>: @unchecked Sendable {
    private enum Content { case none, some }

    private let condition = ConditionLock(value: Content.none)
    private var elements: [Element] = []
    /// The weight of all of them.
    private var gathered = 0
    private var isClosed = false
    private let wakingWeight: Int

    /// - Parameter wakingWeight: With less, the taker sleeps on until its time is over.
    init(wakingAt wakingWeight: Int = 1) { self.wakingWeight = wakingWeight }

    enum Taken {
        case elements([Element])
        /// Nothing came within the time given.
        case nothing
        /// Closed, and everything that was put has been taken.
        case closed
    }

    /// False when the inbox is closed: the element was not taken up.
    func put(_ element: Element, weight: Int = 1) -> Bool {
        condition.lock()
        guard !isClosed else {
            condition.unlock()
            return false
        }
        elements.append(element)
        gathered += weight
        if gathered >= wakingWeight {
            condition.unlock(withValue: .some)
        } else {
            condition.unlock()
        }
        return true
    }

    /// Waits until there is enough, the time is over, or the inbox is closed.
    func takeAll(waitingAtMost seconds: Double) -> Taken {
        if !condition.lock(whenValue: .some, timeoutSeconds: seconds) { condition.lock() }
        let taken = elements
        let isOver = isClosed
        elements = []
        gathered = 0
        condition.unlock(withValue: isOver ? .some : .none)
        if taken.isEmpty { return isOver ? .closed : .nothing }
        return .elements(taken)
    }

    /// Nothing more is taken up; what is inside will still be taken.
    func close() {
        condition.lock()
        isClosed = true
        condition.unlock(withValue: .some)
    }
}
