public import EndpointModel
internal import NIOCore

/// Writes to a cluster and asks it questions. One for a program: it is cheap to share and holds
/// at most one connection for mutations, which it opens when there is something to send.
///
/// Everything finds its server by itself: servers are tried in order, mutations go on to the
/// leader, and what was not answered is sent again with the same request ID, so that it takes
/// effect once (G11).
public final class EndpointClient: Sendable {
    /// As it was made; a client does not change.
    public let configuration: ClientConfiguration
    private let eventLoop: any EventLoop
    private let runner: NIOLoopBoundBox<RequestRunner>

    /// Dials nothing yet. There must be a server in the configuration.
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

    /// Creates or replaces an endpoint, whichever fits.
    ///
    /// - Parameters:
    ///   - endpoint: It needs a namespace; a name that is empty is derived from the spec.
    ///   - expecting: The resourceVersion that must stand, as a seq; nil: any, or none.
    ///   - effect: ``MutationRequest/Effect/dryRun`` says what would happen, and changes nothing.
    /// - Returns: When it is durable. A put that changes nothing makes no event, and is
    ///   ``MutationResult/Outcome/unchanged(_:)``.
    /// - Throws: ``ClientError``: `invalid` with all faults at once, `conflict`, `unreachable`,
    ///   `outcome-unknown`, `read-only` …
    @discardableResult
    public func apply(
        _ endpoint: WorkloadEndpoint, expecting: Seq? = nil,
        effect: MutationRequest.Effect = .real
    ) async throws(ClientError) -> MutationResult {
        try await perform(
            MutationRequest(.apply, endpoint, expectedSeq: expecting, effect: effect))
    }

    /// Creates an endpoint.
    ///
    /// - Throws: ``ClientError``: `already-exists` when its key is taken, and what
    ///   ``apply(_:expecting:effect:)`` throws.
    @discardableResult
    public func create(_ endpoint: WorkloadEndpoint, effect: MutationRequest.Effect = .real)
        async throws(ClientError) -> MutationResult
    {
        try await perform(MutationRequest(.create, endpoint, effect: effect))
    }

    /// Replaces an endpoint. `expecting` is the resourceVersion that must stand, as a seq;
    /// nil: any.
    ///
    /// - Throws: ``ClientError``: `not-found` when there is none, and what
    ///   ``apply(_:expecting:effect:)`` throws.
    @discardableResult
    public func replace(
        _ endpoint: WorkloadEndpoint, expecting: Seq? = nil,
        effect: MutationRequest.Effect = .real
    ) async throws(ClientError) -> MutationResult {
        try await perform(
            MutationRequest(.replace, endpoint, expectedSeq: expecting, effect: effect))
    }

    /// Deletes an endpoint.
    ///
    /// - Parameters:
    ///   - key: Namespace and name.
    ///   - expecting: The resourceVersion that must stand, as a seq; nil: any.
    ///   - expectedUID: The uid that must stand; nil: any. It tells an endpoint from another one
    ///     that has taken its name since.
    ///   - effect: ``MutationRequest/Effect/dryRun`` says what would happen, and changes nothing.
    /// - Throws: ``ClientError``: `not-found` when there is none, `conflict`, and what any
    ///   mutation throws.
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

    /// Takes over an endpoint from elsewhere: nothing is refused for the resource's rules. Which
    /// of them it breaks is kept in the event, and so is `origin`, what it was there.
    ///
    /// - Throws: ``ClientError``, as any mutation; `invalid` when it has no usable key.
    @discardableResult
    public func importing(_ endpoint: WorkloadEndpoint, origin: Origin)
        async throws(ClientError) -> MutationResult
    {
        try await perform(MutationRequest(.importing, endpoint, origin: origin))
    }

    /// Any one mutation, such as one with a request ID of its own.
    ///
    /// - Throws: ``ClientError``; what was sent and never answered is `outcome-unknown`.
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

    /// A pipeline of mutations.
    ///
    /// - Parameter window: How many may be under way or wait for their results to be taken.
    public func mutations(window: Int = 8192) -> MutationStream {
        let runner = runner
        let eventLoop = eventLoop
        return MutationStream(window: window) { stream in
            eventLoop.execute { runner.value.pull(stream) }
        }
    }

    /// Sends all requests and hands over their results in the same order, as they come. One that
    /// fails is a result and stops nothing.
    ///
    /// - Parameters:
    ///   - requests: Taken one by one, as there is room.
    ///   - window: How many may be under way or wait to be taken.
    ///   - take: Called once for each request, in order.
    /// - Throws: What `take` throws, which ends the submission: what was sent may still happen.
    public func submit(
        _ requests: some Sequence<MutationRequest> & Sendable, window: Int = 8192,
        taking take: (MutationResult) async throws -> Void
    ) async throws {
        try await run(window: window, taking: take) { try await $0.send(contentsOf: requests) }
    }

    /// The same for requests that come over time.
    ///
    /// - Throws: What `take` throws; or what the sequence does, when the results of all requests
    ///   before that were taken.
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

    /// Begins a subscription with this client's servers. It has connections of its own and
    /// outlives the client's ``close()``.
    public func subscribe(_ subscription: SubscriptionConfiguration = SubscriptionConfiguration())
        -> EndpointSubscription
    {
        EndpointSubscription(configuration: configuration, subscription: subscription)
    }

    /// Begins to follow the log with this client's servers, on connections of its own.
    ///
    /// - Parameter position: What is behind it is given; nil: everything from the first event on.
    public func followLog(after position: Position? = nil) -> LogSubscription {
        LogSubscription(configuration: configuration, after: position)
    }
}
