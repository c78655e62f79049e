public import EndpointModel
internal import NIOCore

/// Writes to a cluster and asks it questions. One for a program: it is cheap to share and holds
/// at most one connection for mutations, which it opens when there is something to send.
///
/// Everything finds its server by itself: servers are tried in order, mutations go on to the
/// leader, and what was not answered is sent again with the same request ID, so that it takes
/// effect once (G11).
public final class EndpointClient: Sendable {
    public let configuration: ClientConfiguration
    private let eventLoop: any EventLoop
    private let runner: NIOLoopBoundBox<RequestRunner>

    public init(configuration: ClientConfiguration) {
        self.configuration = configuration
        eventLoop = configuration.eventLoopGroup.next()
        runner = .makeBoxSendingValue(
            RequestRunner(
                configuration: configuration, eventLoop: eventLoop,
                seed: .random(in: .min ... .max)),
            eventLoop: eventLoop)
    }

    deinit {
        let runner = runner
        eventLoop.execute { runner.value.close() }
    }

    /// Closes the connection; whatever is unanswered fails with `outcome-unknown` or
    /// `cancelled`.
    public func close() async {
        let runner = runner
        // An event loop that is gone has closed everything already.
        try? await eventLoop.submit { runner.value.close() }.get()
    }

    // MARK: One mutation

    /// Creates or replaces an endpoint, whichever fits. `expecting` is the resourceVersion that
    /// must stand.
    ///
    /// - Throws: `ClientError`, such as `invalid` with all faults, or `conflict`.
    @discardableResult
    public func apply(
        _ endpoint: WorkloadEndpoint, expecting: Seq? = nil,
        effect: MutationRequest.Effect = .real
    ) async throws(ClientError) -> MutationResult {
        try await perform(
            MutationRequest(.apply, endpoint, expectedSeq: expecting, effect: effect))
    }

    /// Creates an endpoint; `already-exists` when its key is taken.
    @discardableResult
    public func create(_ endpoint: WorkloadEndpoint, effect: MutationRequest.Effect = .real)
        async throws(ClientError) -> MutationResult
    {
        try await perform(MutationRequest(.create, endpoint, effect: effect))
    }

    /// Replaces an endpoint; `not-found` when there is none.
    @discardableResult
    public func replace(
        _ endpoint: WorkloadEndpoint, expecting: Seq? = nil,
        effect: MutationRequest.Effect = .real
    ) async throws(ClientError) -> MutationResult {
        try await perform(
            MutationRequest(.replace, endpoint, expectedSeq: expecting, effect: effect))
    }

    /// Deletes an endpoint; `not-found` when there is none.
    @discardableResult
    public func delete(
        _ key: EndpointKey, expecting: Seq? = nil, expectedUID: UID? = nil,
        effect: MutationRequest.Effect = .real
    ) async throws(ClientError) -> MutationResult {
        try await perform(
            MutationRequest(
                .delete, key: key, expectedSeq: expecting, expectedUID: expectedUID,
                effect: effect))
    }

    /// Takes over an endpoint from elsewhere: nothing is refused for the resource's rules, and
    /// `origin` keeps what it was there.
    @discardableResult
    public func importing(_ endpoint: WorkloadEndpoint, origin: Origin)
        async throws(ClientError) -> MutationResult
    {
        try await perform(MutationRequest(.importing, endpoint, origin: origin))
    }

    /// Any one mutation.
    @discardableResult
    public func perform(_ request: MutationRequest) async throws(ClientError) -> MutationResult {
        let runner = runner
        let eventLoop = eventLoop
        let result = await withCheckedContinuation { continuation in
            eventLoop.execute { runner.value.submit(request, token: .single(continuation)) }
        }
        if let error = result.error { throw error }
        return result
    }

    // MARK: Many mutations

    /// A pipeline of mutations, at most `window` of them under way.
    public func mutations(window: Int = 8192) -> MutationStream {
        let runner = runner
        let eventLoop = eventLoop
        return MutationStream(window: window) { stream in
            eventLoop.execute { runner.value.pull(stream) }
        }
    }

    /// Sends all requests and hands over their results in the same order, as they come. One that
    /// fails is a result and stops nothing.
    public func submit(
        _ requests: some Sequence<MutationRequest> & Sendable, window: Int = 8192,
        taking take: (MutationResult) async throws -> Void
    ) async throws {
        try await run(window: window, taking: take) { try await $0.send(contentsOf: requests) }
    }

    /// The same for requests that come over time.
    public func submit<Requests: AsyncSequence & Sendable>(
        _ requests: Requests, window: Int = 8192,
        taking take: (MutationResult) async throws -> Void
    ) async throws where Requests.Element == MutationRequest {
        try await run(window: window, taking: take) { stream in
            for try await request in requests { try await stream.send(request) }
        }
    }

    private func run(
        window: Int, taking take: (MutationResult) async throws -> Void,
        sending send: @escaping @Sendable (MutationStream) async throws -> Void
    ) async throws {
        let stream = mutations(window: window)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Whatever ends the sending, what was sent is waited for.
                defer { stream.finish() }
                try await send(stream)
            }
            for await result in stream { try await take(result) }
            try await group.waitForAll()
        }
    }

    // MARK: Subscribing

    /// Begins a subscription with this client's servers.
    public func subscribe(_ subscription: SubscriptionConfiguration = SubscriptionConfiguration())
        -> EndpointSubscription
    {
        EndpointSubscription(configuration: configuration, subscription: subscription)
    }

    /// Begins to follow the log with this client's servers.
    ///
    /// - Parameter position: What is behind it is given; nil: everything from the first event on.
    public func followLog(after position: Position? = nil) -> LogSubscription {
        LogSubscription(configuration: configuration, after: position)
    }
}
