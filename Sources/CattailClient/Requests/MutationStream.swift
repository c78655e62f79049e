internal import NIOConcurrencyHelpers
internal import NIOCore

/// A pipeline of mutations: send at one end, take results in the same order at the other.
///
/// Nothing is done per mutation but to put it into a buffer: the event loop takes whatever
/// gathered, sends frames of up to a thousand, and hands results back in bulk. At most `window`
/// requests are under way or wait to be taken; `send` suspends beyond that, so somebody has to
/// take results meanwhile.
public final class MutationStream: AsyncSequence, Sendable {
    /// What iteration gives: one for each request, in the order of sending.
    public typealias Element = MutationResult

    fileprivate struct State {
        var incoming: [MutationRequest] = []
        /// One for each request that was sent and whose result was not taken, in order.
        var slots = CircularBuffer<MutationResult?>()
        /// The number of the first slot.
        var base: UInt64 = 0
        var isWoken = false
        var isFinished = false
        var sender: CheckedContinuation<Void, any Error>?
        var taker: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let window: Int
    private let state = NIOLockedValueBox(State())
    private let wake: @Sendable (MutationStream) -> Void

    /// - Parameter wake: has the event loop come and take what gathered.
    init(window: Int, wake: @escaping @Sendable (MutationStream) -> Void) {
        self.window = Swift.max(1, window)
        self.wake = wake
    }

    // MARK: Sending

    /// Hands a request over; suspends only while the window is full. One task sends.
    ///
    /// - Throws: ``ClientError`` `cancelled` when the stream was finished or its taking cancelled;
    ///   `CancellationError` when the task is.
    public func send(_ request: MutationRequest) async throws {
        while true {
            switch try offer(request) {
            case .taken: return
            case .takenWhileAsleep: return wake(self)
            case .full: try await room()
            }
        }
    }

    /// Hands all of them over, one after the other.
    ///
    /// - Throws: As ``send(_:)``.
    public func send(contentsOf requests: some Sequence<MutationRequest>) async throws {
        for request in requests { try await send(request) }
    }

    /// No more will be sent: iteration ends behind the last result.
    public func finish() {
        let taker = state.withLockedValue { state in
            state.isFinished = true
            return state.takeTaker()
        }
        taker?.resume()
    }

    private enum Offer {
        case taken
        case takenWhileAsleep
        case full
    }

    private func offer(_ request: MutationRequest) throws -> Offer {
        try state.withLockedValue { state in
            guard !state.isFinished, !state.isCancelled else {
                throw ClientError(code: .cancelled, message: "the stream of mutations has ended")
            }
            guard state.slots.count < window else { return .full }
            state.incoming.append(request)
            state.slots.append(nil)
            if state.isWoken { return .taken }
            state.isWoken = true
            return .takenWhileAsleep
        }
    }

    private func room() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let goesOn = state.withLockedValue { state in
                    if state.slots.count < window || state.isCancelled || state.isFinished {
                        return true
                    }
                    precondition(state.sender == nil, "a stream of mutations has one sender")
                    state.sender = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    // MARK: The event loop's side

    /// What gathered since the last time, and the number of the first of it.
    func takeIncoming() -> (requests: [MutationRequest], first: UInt64) {
        state.withLockedValue { state in
            let requests = state.incoming
            state.incoming = []
            state.isWoken = false
            let sent = state.base &+ UInt64(state.slots.count)
            return (requests, sent &- UInt64(requests.count))
        }
    }

    func deliver(_ results: some Sequence<(number: UInt64, result: MutationResult)>) {
        let taker = state.withLockedValue { state in
            for (number, result) in results {
                let offset = Int(truncatingIfNeeded: number &- state.base)
                let index = state.slots.index(state.slots.startIndex, offsetBy: offset)
                state.slots[index] = result
            }
            guard case .some(.some) = state.slots.first else {
                return nil as CheckedContinuation<Void, Never>?
            }
            return state.takeTaker()
        }
        taker?.resume()
    }

    // MARK: Taking

    /// One task takes results.
    public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// The results' end of the pipeline.
    public struct Iterator: AsyncIteratorProtocol {
        let stream: MutationStream
        private var ready: ArraySlice<MutationResult> = []

        init(stream: MutationStream) { self.stream = stream }

        /// The next result in the order of sending; nil when `finish` was called and all were
        /// taken, or the task was cancelled.
        public mutating func next() async -> MutationResult? {
            while ready.isEmpty {
                switch stream.takeReady() {
                case .results(let results): ready = results[...]
                case .ended: return nil
                case .none: await stream.waitForResults()
                }
            }
            return ready.popFirst()
        }
    }

    fileprivate enum Ready {
        case results([MutationResult])
        case ended
        case none
    }

    fileprivate func takeReady() -> Ready {
        let (ready, sender): (Ready, CheckedContinuation<Void, any Error>?) =
            state.withLockedValue { state in
                var results: [MutationResult] = []
                while case .some(.some(let result)) = state.slots.first {
                    results.append(result)
                    state.slots.removeFirst()
                    state.base &+= 1
                }
                if !results.isEmpty { return (.results(results), state.takeSender()) }
                let isOver = state.isCancelled || (state.isFinished && state.slots.isEmpty)
                return (isOver ? .ended : .none, nil)
            }
        sender?.resume()
        return ready
    }

    fileprivate func waitForResults() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLockedValue { state in
                    if case .some(.some) = state.slots.first { return true }
                    if state.isCancelled || (state.isFinished && state.slots.isEmpty) {
                        return true
                    }
                    precondition(state.taker == nil, "a stream of mutations has one reader")
                    state.taker = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Whoever waits is let go. What is under way goes on, and nobody hears of it.
    private func cancel() {
        let (sender, taker) = state.withLockedValue { state in
            state.isCancelled = true
            return (state.takeSender(), state.takeTaker())
        }
        sender?.resume(throwing: CancellationError())
        taker?.resume()
    }
}

extension MutationStream.State {
    fileprivate mutating func takeTaker() -> CheckedContinuation<Void, Never>? {
        defer { taker = nil }
        return taker
    }

    fileprivate mutating func takeSender() -> CheckedContinuation<Void, any Error>? {
        defer { sender = nil }
        return sender
    }
}
