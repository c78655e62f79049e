package import EndpointModel
package import SyncProtocol

/// What a subscriber says that it holds.
package enum PositionClaim {
    case nothing
    case token(Position, fingerprint: Hash256?, selection: Hash256?)
    /// A snapshot that was cut off; with the token, if any, for when it cannot go on.
    case cursor(SnapshotCursor, selection: Hash256, token: ResumeToken?)

    private var position: Position? {
        switch self {
        case .nothing: nil
        case .token(let position, _, _): position
        case .cursor(let cursor, _, _): cursor.start
        }
    }

    /// The greatest seq that the subscriber has seen. Of a cut snapshot that may be beyond its
    /// start: below it a node knows nothing of what was staged (G7).
    private var seen: Seq {
        switch self {
        case .nothing: .zero
        case .token(let position, _, _): position.seq
        case .cursor(let cursor, _, _): max(cursor.start.seq, cursor.highest)
        }
    }

    /// What is left to say when the snapshot cannot go on; nil when there is none.
    package var withoutCursor: PositionClaim? {
        guard case .cursor(_, let selection, let token) = self else { return nil }
        guard let token else { return .nothing }
        return .token(token.position, fingerprint: token.fingerprint, selection: selection)
    }

    private var isOfThisSelection: Bool {
        switch self {
        case .nothing: true
        case .token(_, let fingerprint, let selection): fingerprint == selection
        case .cursor(let cursor, let selection, _): cursor.fingerprint == selection
        }
    }

    package init(_ request: SubscriptionRequest, selection: Selection?) {
        if case .state(_, let cursor?) = request.subject, let selection {
            self = .cursor(cursor, selection: selection.fingerprint, token: request.resume)
        } else if let token = request.resume {
            self = .token(
                token.position, fingerprint: selection == nil ? nil : token.fingerprint,
                selection: selection?.fingerprint)
        } else {
            self = .nothing
        }
    }

    /// What can be said without the log, and what to look up in it.
    package enum FirstLook: Hashable, Sendable {
        case known(PositionStanding)
        case look(Position)
    }

    /// - Parameter head: Of this node.
    package func standing(at head: Position, role: NodeRole) -> FirstLook {
        guard let position else { return .known(.none) }
        guard position.logID == head.logID else { return .known(.otherLog) }
        guard seen > head.seq else {
            return position == head ? .known(here(position)) : .look(position)
        }
        switch role {
        // Nothing can be ahead of the leader but a future that is lost.
        case .leader: return .known(.otherHistory)
        // Nor of a history that a later epoch goes on, below the position: it may never get there.
        case .follower where position.isLost(behind: head): return .known(.otherHistory)
        case .follower: return .known(.ahead(seen))
        }
    }

    /// What the log says of the position that was to be looked up; `chainThere` is its own chain
    /// hash at that seq.
    ///
    /// The history comes before the selection: a subscriber whose history is gone must hear that,
    /// though it would begin anew in any case (G7).
    package func standing(of position: Position, chainThere: Hash256?) -> PositionStanding {
        chainThere == position.chain ? here(position) : .otherHistory
    }

    private func here(_ position: Position) -> PositionStanding {
        isOfThisSelection ? .here(position) : .otherSelection
    }
}

extension Position {
    /// Whether an epoch behind this position's was begun below it; nobody knows of a position
    /// that came without its epoch, as answers to `verify` may have them.
    fileprivate func isLost(behind head: Position) -> Bool {
        epoch.number > 0 && head.epoch > epoch
    }
}

/// What a claim is worth on this node's history (G7).
package enum PositionStanding: Hashable, Sendable {
    case none
    case here(Position)
    case ahead(Seq)
    case otherLog
    case otherHistory
    case otherSelection

    /// Whether nothing can be built on the claim, here and later.
    package var isWorthless: Bool {
        switch self {
        case .otherLog, .otherHistory, .otherSelection: true
        case .none, .here, .ahead: false
        }
    }
}
