package import EndpointModel
package import SyncProtocol

/// Up to where a follower of the log has come, and what has arrived since the last mark: a plain
/// value.
///
/// Of the events themselves nothing is kept. Each is hashed on to the chain of those before it,
/// and at the mark the chain must be the server's: so every event was seen, once, in order and
/// whole, on the one history that the position names (G2, G3, G4).
package struct HeldLog: SubscribedSubject {
    package private(set) var position: Position?
    private var staging = Staging.nothingAnnounced

    private enum Staging {
        /// Waits for a resync.
        case nothingAnnounced
        /// The events behind the last mark, each with the chain hash at it.
        case behind(Position, [LogEntry])
    }

    /// - Parameter position: Where to go on; nil: before the first event of whatever log.
    package init(position: Position?) { self.position = position }

    /// What is held, for a server to go on from.
    package var token: ResumeToken? {
        guard let position, position.seq > .zero else { return nil }
        return ResumeToken(position: position)
    }

    package mutating func resyncReceived(_ resync: Resync) -> ResyncOutcome {
        guard resync.how == .deltas,
            resync.start == position ?? .origin(of: resync.start.logID)
        else { return .diverged(.startNotHeld(resync.start.seq)) }
        position = resync.start
        staging = .behind(resync.start, [])
        return .announced(.deltas)
    }

    package mutating func stage(_ message: ServerMessage) -> StagingOutcome {
        // The session lets nothing else through to a subscriber of the log.
        guard case .records(let records) = message else { return .staged }
        guard case .behind(let position, var entries) = staging else {
            return .diverged(.resyncMissing)
        }
        staging = .nothingAnnounced  // lets `entries` grow in place
        var chain = entries.last?.chain ?? position.chain
        for record in records.records {
            chain = chain.followed(by: record.hash)
            entries.append(LogEntry(record: record, chain: chain))
        }
        staging = .behind(position, entries)
        return .staged
    }

    package mutating func markReceived(_ mark: Mark) -> MarkOutcome<LogEvents> {
        guard case .behind(let position, let entries) = staging else {
            return .diverged(.resyncMissing)
        }
        let chain = entries.last?.chain ?? position.chain
        let target = mark.position(behind: position)
        guard target.logID == position.logID, target.chain == chain else {
            return .diverged(.chainDiffers(target.seq))
        }
        self.position = target
        staging = .behind(target, [])
        return .applied(LogEvents(entries: entries, position: target))
    }

    package mutating func connectionEnded() { staging = .nothingAnnounced }

    /// What was taken before is proven, and stays.
    package mutating func forfeit() { staging = .nothingAnnounced }

    package static func update(_ status: SubscriptionStatus) -> LogUpdate { .status(status) }
    package static func update(_ batch: LogEvents) -> LogUpdate { .events(batch) }
    package static func isProven(_ batch: LogEvents) -> Bool { true }
    package static func digest(of batch: LogEvents) -> StateDigest? { nil }

    /// A position that is not on the server's history never will be.
    package static func ends(on code: GoodbyeCode) -> Bool {
        code.isPermanent || code == .historyOther
    }
}
