internal import EndpointModel
internal import EndpointState
internal import Feeds
internal import Logging
internal import NIOPosix
internal import Projection

/// Writes the views behind the log, on a thread of its own: what gathers between two writes is
/// coalesced by key. It costs the append path nothing, and is never ahead of the log: it is told
/// of events only once they are durable.
final class ViewThread: Sendable {
    private let inbox = Inbox<CommittedBatch>()
    private let pool = NIOThreadPool(numberOfThreads: 1)

    /// The views are written when this much has gathered, or when this long has passed since
    /// the last write: so far they are behind the log at most.
    private static let eventLimit = 20_000
    private static let seconds = 1.0

    func start(
        _ opened: Confined<ViewStore.Opened>, logger: Logger,
        ended: @escaping @Sendable () -> Void
    ) {
        pool.start()
        let inbox = inbox
        let pool = pool
        pool.submit { _ in
            Self.run(opened.take(), inbox, logger)
            ended()
            pool.shutdownGracefully { _ in }
        }
    }

    func take(_ batch: CommittedBatch) { _ = inbox.put(batch) }

    /// What was taken is still written.
    func close() { inbox.close() }

    private static func run(
        _ opened: ViewStore.Opened, _ inbox: Inbox<CommittedBatch>, _ logger: Logger
    ) {
        var opened = opened
        var waiting = 0
        while true {
            switch inbox.takeAll(waitingAtMost: seconds) {
            case .elements(let batches):
                for batch in batches { waiting += fold(batch, &opened, logger) }
                if waiting >= eventLimit { waiting = write(&opened, logger) ? 0 : waiting }
            case .nothing:
                if waiting > 0 { waiting = write(&opened, logger) ? 0 : waiting }
            case .closed:
                _ = write(&opened, logger)
                do { try opened.store.close() } catch { warn(logger, error) }
                return
            }
        }
    }

    private static func fold(
        _ batch: CommittedBatch, _ opened: inout ViewStore.Opened, _ logger: Logger
    ) -> Int {
        for record in batch.records {
            do {
                let chain = opened.view.position.chain.followed(by: record.hash)
                let change = try opened.view.fold(record.item, chain: chain)
                opened.pending.add(change, now: opened.view)
            } catch {
                preconditionFailure("a durable event does not fold: \(error)")
            }
        }
        return batch.records.count
    }

    private static func write(_ opened: inout ViewStore.Opened, _ logger: Logger) -> Bool {
        do {
            try opened.store.write(opened.pending)
            opened.pending.clear()
            return true
        } catch {
            warn(logger, error)
            return false
        }
    }

    private static func warn(_ logger: Logger, _ error: ProjectionError) {
        logger.warning(
            "views not written", metadata: ["code": "\(error.code)", "error": "\(error)"])
    }
}
