public import EndpointModel
internal import NIOCore
internal import SyncProtocol

/// The answer to a question, page by page as the server sends it. Nothing is asked before the
/// first page is, and each iteration asks anew. A reader that pauses makes the server pause.
public struct QueryPages<Element: Sendable>: AsyncSequence, Sendable {
    private let configuration: ClientConfiguration
    private let makeBody: @Sendable () -> Query.Body
    private let page: @Sendable (QueryAnswer.Body) -> [Element]?

    init(
        configuration: ClientConfiguration, body: @escaping @Sendable () -> Query.Body,
        page: @escaping @Sendable (QueryAnswer.Body) -> [Element]?
    ) {
        self.configuration = configuration
        makeBody = body
        self.page = page
    }

    /// Asks the question.
    public func makeAsyncIterator() -> Iterator {
        Iterator(parts: QueryParts(configuration: configuration, body: makeBody()), page: page)
    }

    /// One asking of the question; letting go of it ends it.
    public struct Iterator: AsyncIteratorProtocol {
        private let parts: QueryParts
        private let page: @Sendable (QueryAnswer.Body) -> [Element]?
        /// Behind the last page: the seq that the answer speaks of.
        public private(set) var answeredSeq: Seq?

        init(parts: QueryParts, page: @escaping @Sendable (QueryAnswer.Body) -> [Element]?) {
            self.parts = parts
            self.page = page
        }

        /// The next page, never empty; nil behind the last.
        ///
        /// - Throws: ``ClientError``: `unreachable` when no server answers, `position-ahead` or
        ///   `position-compacted` for a point that the server does not have, and what else the
        ///   question says. Once a page has come, a lost connection ends the answer.
        public mutating func next() async throws -> [Element]? {
            while let body = try await parts.next() {
                if case .end(let seq) = body { answeredSeq = seq }
                if let elements = page(body), !elements.isEmpty { return elements }
            }
            return nil
        }
    }

    /// All elements, and the seq that they speak of: for what is known to be small.
    ///
    /// - Throws: ``ClientError``, as iteration does.
    public func collect() async throws -> (elements: [Element], seq: Seq) {
        var iterator = makeAsyncIterator()
        var elements: [Element] = []
        while let page = try await iterator.next() { elements += page }
        return (elements, iterator.answeredSeq ?? .zero)
    }
}

/// The parts of one answer, in order. Letting go of it ends the question.
final class QueryParts: Sendable {
    private let buffer = BoundedBuffer<QueryAnswer>(countLimit: 8, weightLimit: 8) { _ in 1 }
    private let runner: NIOLoopBoundBox<QueryRunner>
    private let eventLoop: any EventLoop

    init(configuration: ClientConfiguration, body: Query.Body) {
        eventLoop = configuration.eventLoopGroup.next()
        let runner = QueryRunner(
            configuration: configuration, body: body, buffer: buffer, eventLoop: eventLoop,
            seed: .random(in: .min ... .max))
        self.runner = .makeBoxSendingValue(runner, eventLoop: eventLoop)
        let box = self.runner
        eventLoop.execute { box.value.start() }
    }

    deinit {
        let runner = runner
        eventLoop.execute { runner.value.stop() }
    }

    func next() async throws -> QueryAnswer.Body? {
        let runner = runner
        return try await buffer.next {
            eventLoop.execute { runner.value.relieved() }
        }?.body
    }
}
