internal import CMalloc
internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import Logging
internal import NIOPosix
internal import Projection
internal import Synchronization

/// Writes the views behind the log, on a thread of its own: what gathers between two writes is
/// coalesced by key. It costs the append path nothing, and is never ahead of the log: it is told
/// of events only once they are durable.
final class ViewThread: Sendable {
    private let inbox = Inbox<CommittedBatch>(wakingAt: ViewThread.wakingEvents)
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let stored = Atomic<UInt64>(0)

    /// The seq of the view on disk.
    var storedSeq: Seq { Seq(stored.load(ordering: .relaxed)) }

    /// The views are written when this much has gathered, or when nothing has come for this
    /// long: so far they are behind the log at most, and what comes while they are written. Folding
    /// as much at the next start takes half a second; writing less often costs a load nothing.
    private static let eventLimit: UInt64 = 100_000
    private static let seconds = 1.0
    /// What gathers before it is taken up, if it comes within that time.
    private static let wakingEvents = 1_000

    func start(
        _ opened: Confined<ViewStore.Opened>, logger: Logger,
        ended: @escaping @Sendable () -> Void
    ) {
        pool.start()
        let pool = pool
        pool.submit { _ in
            self.run(opened.take(), logger)
            // The thread ends with its work.
            pool.shutdownGracefully { _ in ended() }
        }
    }

    func take(_ batch: CommittedBatch) { _ = inbox.put(batch, weight: batch.records.count) }

    /// What was taken is still written.
    func close() { inbox.close() }

    private func run(_ opened: ViewStore.Opened, _ logger: Logger) {
        let store = opened.store
        note(store)
        var pending = opened.pending
        // What a start had to fold no later one must: else a load that is killed again and again, before
        // it comes to write, leaves more behind each time.
        write(&pending, store, logger)
        var isAtRest = false
        while true {
            switch inbox.takeAll(waitingAtMost: Self.seconds) {
            case .elements(let batches):
                isAtRest = false
                for batch in batches {
                    for change in batch.changes { pending.add(change, at: batch.position) }
                }
                if pending.eventsBehind >= Self.eventLimit { write(&pending, store, logger) }
            case .nothing:
                guard !isAtRest || pending.eventsBehind > 0 else { continue }
                write(&pending, store, logger)
                // A load has just ended, or the start has: what it used goes back to the system.
                store.rest()
                malloc_trim(0)
                isAtRest = true
            case .closed:
                write(&pending, store, logger)
                do { try store.close() } catch { Self.warn(logger, error) }
                return
            }
        }
    }

    /// What cannot be written now is kept, and tried again with what comes.
    private func write(_ pending: inout PendingChanges, _ store: ViewStore, _ logger: Logger) {
        guard pending.eventsBehind > 0 else { return }
        do {
            try store.write(pending)
            pending.clear()
            note(store)
        } catch { Self.warn(logger, error) }
    }

    private func note(_ store: ViewStore) {
        stored.store(store.position.seq.rawValue, ordering: .relaxed)
    }

    private static func warn(_ logger: Logger, _ error: ProjectionError) {
        logger.warning(
            "views not written", metadata: ["code": "\(error.code)", "error": "\(error)"])
    }
}
