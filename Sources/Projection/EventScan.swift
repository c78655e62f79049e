internal import Dispatch
package import EndpointModel
internal import LogStore
internal import Synchronization

/// Goes through a range of events page by page: no read transaction lives longer than one page,
/// and three pages are what it holds in memory.
///
/// While the owner works on a page, the next is decoded on another core and the one behind it has
/// been read: decoding takes as long as folding. What fails behind an event never hides it: all
/// that stand before are given first.
package struct EventScan {
    private let source: any EventSource
    private let last: Seq
    /// The first event that was not read.
    private var next: Seq
    private var page: ArraySlice<StoredEvent> = []
    private var ahead: DecodedPage?
    private var failure: ProjectionError?

    /// The events from `first` to `last`, both included.
    package init(_ source: any EventSource, from first: Seq, through last: Seq) {
        self.source = source
        self.last = last
        next = max(first, Seq(1))
    }

    /// The next event; nil behind `last`. Throws `beyondHead` when the log ends before.
    package mutating func nextEvent() throws(ProjectionError) -> StoredEvent? {
        if page.isEmpty { advance() }
        if let event = page.popFirst() { return event }
        if let failure { throw failure }
        return nil
    }

    /// The page that was read ahead becomes the one that is worked on, and another is read.
    private mutating func advance() {
        guard let current = ahead ?? read() else { return }
        ahead = read()
        let outcome = current.outcome()
        page = outcome.events[...]
        guard let failure = outcome.failure else { return }
        self.failure = failure
        ahead = nil
    }

    /// Nil behind `last`, and where reading fails, which is told when its turn comes.
    private mutating func read() -> DecodedPage? {
        guard failure == nil, next <= last else { return nil }
        do throws(ProjectionError) {
            let room = Int(clamping: last.rawValue - next.rawValue + 1)
            let rows = try source.page(from: next, limit: room)
            guard let first = rows.first, let end = rows.last, first.seq == next else {
                throw .beyondHead(seq: next, head: try source.headSeq)
            }
            next = end.seq.next
            return DecodedPage(rows)
        } catch {
            failure = error
            return nil
        }
    }
}

/// The rows of a page, being decoded.
private final class DecodedPage: Sendable {
    struct Outcome: Sendable {
        var events: [StoredEvent] = []
        /// Of the row behind the events.
        var failure: ProjectionError?

        init(_ rows: [LogRow]) {
            events.reserveCapacity(rows.count)
            for row in rows {
                do { events.append(try StoredEvent(row)) } catch {
                    failure = error
                    return
                }
            }
        }
    }

    private let decoded = Mutex<Outcome?>(nil)
    private let done = DispatchSemaphore(value: 0)

    /// Fewer rows than these are decoded sooner than handed over.
    private static let leastRows = 64
    /// A queue of its own has a thread of its own, however many others wait.
    private static let queue = DispatchQueue(label: "cattail.decoding")

    init(_ rows: [LogRow]) {
        guard rows.count >= Self.leastRows else {
            decoded.withLock { $0 = Outcome(rows) }
            done.signal()
            return
        }
        Self.queue.async { [self] in
            let outcome = Outcome(rows)
            decoded.withLock { $0 = outcome }
            done.signal()
        }
    }

    /// Waits for it; to be asked for once.
    func outcome() -> Outcome {
        done.wait()
        return decoded.withLock { $0.take() } ?? Outcome([])
    }
}
