package import EndpointModel
package import SyncProtocol

/// What two logs of one ID have in common, as far as their epochs tell (G4, G10). In one epoch only
/// one leader's events are stored: as far as two logs have the same epochs begun at the same seqs,
/// they are one history.
package enum HistoryFork: Equatable, Sendable {
    /// The other log goes on where this one ends, or is not as far: there is nothing to give up.
    case follows
    /// This log's events behind `seq` are not in the other one's, whose history has the later word:
    /// it goes on with `begun`, which is above every epoch here.
    case orphaned(behind: Seq, begun: Fork)
    /// The other log's events are the ones that have to go, or nobody can say whose.
    case stale
    /// They have no epoch in common of those that were told.
    case unknown

    /// - Parameters:
    ///   - own: Where this log's epochs began, newest first.
    ///   - theirs: The same of the other log.
    package static func between(
        _ own: [Fork], endingAt head: Position, and theirs: [Fork], endingAt theirHead: Position
    ) -> HistoryFork {
        guard let mine = own.firstIndex(where: { theirs.contains($0) }),
            let yours = theirs.firstIndex(of: own[mine])
        else { return parted(own, endingAt: head, and: theirs) }
        let ownEnd = mine > 0 ? own[mine - 1].firstSeq.previous : head.seq
        let theirEnd = yours > 0 ? theirs[yours - 1].firstSeq.previous : theirHead.seq
        // Of an epoch that neither has left, the shorter log is the one that is behind.
        if mine == 0, yours == 0 { return .follows }
        let common = min(ownEnd, theirEnd)
        if mine == 0, common == head.seq { return .follows }
        guard yours > 0, let newest = theirs.first, newest.epoch > head.epoch else {
            return .stale
        }
        return .orphaned(behind: common, begun: newest)
    }

    /// Without an epoch in common: when both are told from their first event on, these differ, and
    /// all that they share is the log's beginning.
    private static func parted(
        _ own: [Fork], endingAt head: Position, and theirs: [Fork]
    ) -> HistoryFork {
        if head.seq == .zero { return .follows }
        let first = Seq(1)
        guard own.last?.firstSeq == first, theirs.last?.firstSeq == first,
            let newest = theirs.first
        else { return .unknown }
        return newest.epoch > head.epoch ? .orphaned(behind: .zero, begun: newest) : .stale
    }
}

extension Seq {
    /// The one before; of 0 itself.
    fileprivate var previous: Seq { self > .zero ? Seq(rawValue - 1) : self }
}

extension Fork {
    /// Where the newest epoch of a peer's log began, shown by the event itself among what it
    /// answered: only that makes a leader step down, or a tail leave a log (G10). Nil: it did not
    /// show it.
    package static func shown(by hello: ServerHello, _ parts: [QueryAnswer.Body]) -> Fork? {
        guard let newest = hello.forks.first, newest.epoch == hello.head.epoch
        else { return nil }
        for case .records(let rows) in parts {
            for row in rows where row.record.seq == newest.firstSeq {
                let item = row.record.item
                if item.kind == .control, case .epoch(newest.epoch)? = try? item.control() {
                    return newest
                }
            }
        }
        return nil
    }
}
