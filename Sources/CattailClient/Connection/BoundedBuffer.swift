internal import NIOConcurrencyHelpers
internal import NIOCore

/// What waits between the event loop and its one reader: bounded, because the loop stops reading
/// from its socket when the reader does not keep up.
final class BoundedBuffer<Element: Sendable>: Sendable {
    typealias Waiter = CheckedContinuation<Element?, any Error>

    private struct State {
        var elements = CircularBuffer<Element>()
        var weight = 0
        var waiter: Waiter?
        var isOver = false
        var failure: ClientError?
        var pressure = BufferPressure.low
    }

    private let state = NIOLockedValueBox(State())
    private let countLimit: Int
    private let weightLimit: Int
    private let weigh: @Sendable (Element) -> Int

    /// - Parameters:
    ///   - countLimit: how many elements may wait.
    ///   - weightLimit: how much they may weigh together. One element is the smallest unit,
    ///     however heavy.
    init(countLimit: Int, weightLimit: Int, weigh: @escaping @Sendable (Element) -> Int) {
        self.countLimit = countLimit
        self.weightLimit = weightLimit
        self.weigh = weigh
    }

    /// Says whether to go on reading.
    func push(_ element: Element) -> BufferPressure {
        let (waiter, pressure): (Waiter?, BufferPressure) = state.withLockedValue { state in
            if state.isOver { return (nil, .low) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, .low)
            }
            state.elements.append(element)
            state.weight += weigh(element)
            if state.elements.count >= countLimit || state.weight >= weightLimit {
                state.pressure = .high
            }
            return (nil, state.pressure)
        }
        waiter?.resume(returning: element)
        return pressure
    }

    /// Nothing follows what is in here.
    func finish(_ failure: ClientError? = nil) {
        let waiter = state.withLockedValue { state in
            if !state.isOver {
                state.isOver = true
                state.failure = failure
            }
            let waiter = state.waiter
            state.waiter = nil
            if waiter != nil { state.failure = nil }
            return waiter
        }
        if let failure { waiter?.resume(throwing: failure) } else { waiter?.resume(returning: nil) }
    }

    /// The next update; nil at the end. `relieved` is called when reading may go on.
    func next(relieved: () -> Void) async throws -> Element? {
        let (found, isRelieved) = try state.withLockedValue { state in
            let found = state.elements.popFirst()
            if let found { state.weight -= weigh(found) }
            if found == nil, state.isOver, let failure = state.failure {
                state.failure = nil
                throw failure
            }
            return (found, relieve(&state))
        }
        if isRelieved { relieved() }
        if let found { return found }
        return try await wait()
    }

    /// Below half of the bound, once for each time that it was reached.
    private func relieve(_ state: inout State) -> Bool {
        guard case .high = state.pressure, state.elements.count <= countLimit / 2,
            state.weight <= weightLimit / 2
        else { return false }
        state.pressure = .low
        return true
    }

    private func wait() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Element?, any Error>? = state.withLockedValue { state in
                    if let element = state.elements.popFirst() {
                        state.weight -= weigh(element)
                        return .success(element)
                    }
                    if let failure = state.failure {
                        state.failure = nil
                        return .failure(failure)
                    }
                    if state.isOver { return .success(nil) }
                    precondition(state.waiter == nil, "a buffer has one reader")
                    state.waiter = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            finish()
        }
    }
}

enum BufferPressure {
    case low
    /// Enough waits: stop reading.
    case high
}
