package import EndpointModel

/// What becomes of changes that were staged before.
package enum StagedChanges: Hashable, Sendable {
    /// They stay: the cut snapshot goes on behind its last key.
    case kept
    case dropped
}

/// Where to go after an end.
package struct ReconnectAdvice: Equatable, Sendable {
    /// Best first; empty: the addresses that the caller knows.
    package var addresses: [String]
    /// Not before. The caller adds its own growing pause.
    package var after: Interval

    package init(addresses: [String] = [], after: Interval = Interval(milliseconds: 0)) {
        self.addresses = addresses
        self.after = after
    }
}

extension ClientSessionStateMachine {
    /// What whoever holds the connection does, in the order given.
    package enum Action: Equatable, Sendable {
        case sendPreface
        case send(ClientMessage)
        case reportServer(ServerHello)
        /// How the subscription goes on, and what becomes of what is staged.
        case reportResync(Resync, StagedChanges)
        /// The position held is ahead of this server: wait, or leave for another.
        case reportBehind(head: Position)
        /// Keep aside until `commit`; the mark, if any, comes as that.
        case stage(Changes)
        case stageRecords(Records)
        /// What came to be staged cannot be read: refuse it with the fault's code, leave, and come
        /// back, to a state without what was held (R15).
        case reportUnreadable(WireError)
        /// Apply what is staged and check the mark's digest; of a snapshot or reset what is staged
        /// replaces all that was held. Then report to `marksApplied` or `recordsStored`.
        case commit(Mark, at: Position, How)
        /// The first mark at the head of the server since the last resync was committed.
        case reportInSync(Position, How)
        case reportServerState(ServerState)
        case deliver([Answer])
        case deliverPart(QueryAnswer)
        /// The connection ended before these were answered: ask again by request ID (G11).
        case reportOutcomeUnknown(tickets: [UInt64])
        case reportQueriesLost(tickets: [UInt64])
        /// Flush what was sent, then close. Only `reconnect` or `giveUp` follows.
        case close(SessionEnd)
        case reconnect(ReconnectAdvice)
        /// The same hello would meet the same end anywhere.
        case giveUp(Goodbye)
    }
}
