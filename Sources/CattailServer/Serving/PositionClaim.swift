internal import EndpointModel
internal import SyncProtocol

/// What a subscriber says that it holds.
enum PositionClaim {
    case nothing
    case token(Position, fingerprint: Hash256?, selection: Hash256?)
    case cursor(Position, fingerprint: Hash256, lastKey: EndpointKey, selection: Hash256)

    private var position: Position? {
        switch self {
        case .nothing: nil
        case .token(let position, _, _), .cursor(let position, _, _, _): position
        }
    }

    private var isOfThisSelection: Bool {
        switch self {
        case .nothing: true
        case .token(_, let fingerprint, let selection): fingerprint == selection
        case .cursor(_, let fingerprint, _, let selection): fingerprint == selection
        }
    }

    init(_ request: SubscriptionRequest, selection: Selection?) {
        if case .state(_, let cursor?) = request.subject, let selection {
            self = .cursor(
                cursor.start, fingerprint: cursor.fingerprint, lastKey: cursor.last,
                selection: selection.fingerprint)
        } else if let token = request.resume {
            self = .token(
                token.position, fingerprint: selection == nil ? nil : token.fingerprint,
                selection: selection?.fingerprint)
        } else {
            self = .nothing
        }
    }

    /// What can be said without the log, and what to look up in it.
    enum FirstLook {
        case known(PositionStanding)
        case look(Position)
    }

    /// - Parameter head: Of this node.
    func standing(at head: Position, role: NodeRole) -> FirstLook {
        guard let position else { return .known(.none) }
        guard position.logID == head.logID else { return .known(.otherLog) }
        guard isOfThisSelection else { return .known(.otherSelection) }
        if position == head { return .known(.here(position)) }
        guard position.seq > head.seq else { return .look(position) }
        // Nothing can be ahead of the leader but a future that is lost.
        switch role {
        case .leader: return .known(.otherHistory)
        case .follower: return .known(.ahead(position.seq))
        }
    }
}

/// What a claim is worth on this node's history (G7).
enum PositionStanding {
    case none
    case here(Position)
    case ahead(Seq)
    case otherLog
    case otherHistory
    case otherSelection
}
