/// A question's kind, by what it may cost until its first part is there.
enum QuestionKind {
    /// Of what stands now, or read event by event: each part is a page.
    case present
    /// A past state or a difference is made in one piece, which takes seconds.
    case past
}

/// The threads of a node that read. Nobody who is served waits behind those who ask, and no page
/// behind a question that takes seconds (G9).
struct NodeReaders: Sendable {
    /// Pages for subscribers that are behind, their tokens, the building and judging of feeds.
    let subscribers: ReaderPool
    private let present: ReaderPool
    private let past: ReaderPool

    init(directory: String, limits: ServingLimits) {
        subscribers = ReaderPool(directory: directory, threadCount: limits.readerThreads)
        present = ReaderPool(directory: directory, threadCount: limits.questionThreads)
        past = ReaderPool(directory: directory, threadCount: limits.pastThreads)
    }

    func questions(_ kind: QuestionKind) -> ReaderPool {
        switch kind {
        case .present: present
        case .past: past
        }
    }

    func start() {
        for pool in [subscribers, present, past] { pool.start() }
    }

    func close() async {
        for pool in [subscribers, present, past] { await pool.close() }
    }
}
