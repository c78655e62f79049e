internal import Dispatch
internal import EndpointDocuments
internal import Foundation
internal import Synchronization

/// Documents of files, each turned into an `Output`, in batches as they come.
///
/// Reading blocks, and decoding and validating take most of an import's time: both happen on a
/// thread of their own, so that a slow pipe holds up nobody and the second core has work. At
/// most `room` batches wait, so memory stays flat however long the input is.
struct DocumentBatches<Output: Sendable>: AsyncSequence, Sendable {
    typealias Element = [Output]

    private let files: [InputFile]
    private let dialect: DocumentStream.Dialect
    private let transform: @Sendable (DocumentResult) -> Output

    init(
        _ files: [InputFile], dialect: DocumentStream.Dialect = .documents,
        transform: @escaping @Sendable (DocumentResult) -> Output
    ) {
        self.files = files
        self.dialect = dialect
        self.transform = transform
    }

    func makeAsyncIterator() -> Iterator {
        let handOver = HandOver<Output>()
        let (files, dialect, transform) = (files, dialect, transform)
        let thread = Thread {
            handOver.finish(
                Result { () throws(Fault) in
                    try Self.read(files, dialect, transform, into: handOver)
                })
        }
        thread.stackSize = 8 << 20
        thread.start()
        return Iterator(handOver: handOver, batches: handOver.batches.makeAsyncIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let handOver: HandOver<Output>
        fileprivate var batches: AsyncThrowingStream<[Output], any Error>.AsyncIterator

        mutating func next() async throws -> [Output]? {
            let batch = try await batches.next()
            handOver.taken()
            return batch
        }
    }

    private static func read(
        _ files: [InputFile], _ dialect: DocumentStream.Dialect,
        _ transform: (DocumentResult) -> Output, into handOver: HandOver<Output>
    ) throws(Fault) {
        let total = InputProgress(files)
        for file in files {
            var stream = DocumentStream(source: file.name, dialect: dialect)
            try file.read { bytes in
                total.advance(bytes.count)
                return handOver.give(stream.feed(bytes).map(transform))
            }
            if case .stop = handOver.give(stream.finish().map(transform)) { return }
        }
    }
}

/// The way of batches from the reading thread to the task that takes them.
private final class HandOver<Output: Sendable>: Sendable {
    let batches: AsyncThrowingStream<[Output], any Error>
    private let continuation: AsyncThrowingStream<[Output], any Error>.Continuation
    private let room = DispatchSemaphore(value: 4)
    private let isAbandoned = Atomic(false)

    init() {
        (batches, continuation) = AsyncThrowingStream.makeStream()
        continuation.onTermination = { [weak self] _ in self?.abandon() }
    }

    /// Waits for room. Says whether anybody still wants more.
    func give(_ batch: [Output]) -> ReadingStep {
        if isAbandoned.load(ordering: .acquiring) { return .stop }
        guard !batch.isEmpty else { return .goOn }
        room.wait()
        continuation.yield(batch)
        return .goOn
    }

    func taken() { room.signal() }

    func finish(_ result: Result<Void, Fault>) {
        switch result {
        case .success: continuation.finish()
        case .failure(let fault): continuation.finish(throwing: fault)
        }
    }

    /// Lets the thread go that may be waiting for room.
    private func abandon() {
        isAbandoned.store(true, ordering: .releasing)
        room.signal()
    }
}

/// How much of the input has been read, shown on a terminal.
private final class InputProgress {
    private let total: UInt64?
    private var done: UInt64 = 0

    init(_ files: [InputFile]) {
        let counts = files.map(\.byteCount)
        total = counts.contains(nil) ? nil : counts.reduce(0) { $0 &+ ($1 ?? 0) }
    }

    func advance(_ count: Int) {
        done &+= UInt64(clamping: count)
        ProgressLine.standard.show("\(done >> 10) KiB read", done: done, of: total)
    }
}
