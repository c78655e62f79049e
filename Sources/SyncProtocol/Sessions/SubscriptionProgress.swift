internal import EndpointModel

/// What a subscriber's end knows of the order of things: where it is, what is staged, which rules
/// the next message must keep. It holds no items.
struct SubscriptionProgress: Equatable, Sendable {
    enum Phase: Equatable, Sendable {
        /// Nothing is legal but a resync or a behind.
        case awaitingResync
        /// Changes and marks are legal.
        case following(Resync, inSync: InSync)
    }

    /// Whether the caller was told that it is in sync since the last resync.
    enum InSync: Equatable, Sendable {
        case notYet
        case reported
    }

    let role: Role
    let logID: LogID
    let cursor: SnapshotCursor?
    private(set) var phase = Phase.awaitingResync
    /// The position held: of the resume token, then of the last mark.
    private(set) var held: Position?
    /// The selection of what is held: of the resume token, then of the last mark's resync.
    private var fingerprint: Hash256?
    /// The greatest seq that is staged, or of the log the last record's.
    private(set) var stagedSeq: Seq
    private(set) var resyncs = 0

    init(hello: ClientHello, logID: LogID) {
        role = hello.role
        self.logID = logID
        cursor = hello.cursor
        held = hello.resume?.position
        fingerprint = hello.resume?.fingerprint
        stagedSeq = held?.seq ?? .zero
    }

    /// Only to who said what it holds, and only before a resync (R33, R34).
    var behindFault: SessionFault? {
        guard phase == .awaitingResync else { return SessionFault("behind after resync") }
        return held == nil && cursor == nil ? SessionFault("behind to who holds nothing") : nil
    }

    // MARK: - Transitions; each says what rule was broken, or nil.

    mutating func resynced(_ resync: Resync) -> Result<StagedChanges, SessionFault> {
        if resync.start.logID != logID {
            return .failure(SessionFault("resync of log \(resync.start.logID), not \(logID)"))
        }
        if role == .log, resync.how != .deltas {
            return .failure(SessionFault("a log goes on by deltas, not by \(resync.how)"))
        }
        if let fault = role == .state ? stateFault(resync) : startFault(resync) {
            return .failure(fault)
        }
        let goesOn = cursor.flatMap { cursor in
            let fits =
                resync.how == .snapshot && resyncs == 0 && resync.start == cursor.start
                && resync.fingerprint == cursor.fingerprint
            return fits ? cursor : nil
        }
        phase = .following(resync, inSync: .notYet)
        resyncs += 1
        // Of a snapshot that goes on, what was staged before the cut counts too (G7).
        stagedSeq = resync.how.replaces ? goesOn?.highest ?? .zero : resync.start.seq
        return .success(goesOn == nil ? .dropped : .kept)
    }

    /// What R35 asks of a resync on a state subscription.
    private func stateFault(_ resync: Resync) -> SessionFault? {
        guard let given = resync.fingerprint else {
            return SessionFault("a resync without the fingerprint of its selection")
        }
        if held == nil, resync.how != .snapshot, !(resync.how == .reset && cursor != nil) {
            return SessionFault("\(resync.how) to who holds nothing")
        }
        if resync.how.replaces { return nil }
        if given != fingerprint {
            return SessionFault("\(resync.how) of another selection than what is held")
        }
        return startFault(resync)
    }

    /// Deltas and net change begin where the subscriber stands; of a log with nothing held that
    /// is its beginning.
    private func startFault(_ resync: Resync) -> SessionFault? {
        let own = held ?? .origin(of: logID)
        if resync.start == own { return nil }
        return SessionFault("\(resync.how) from seq \(resync.start.seq), but \(own.seq) is held")
    }

    mutating func staged(_ changes: [Change]) -> SessionFault? {
        guard role == .state else { return SessionFault("changes on a subscription to the log") }
        guard case .following = phase else { return SessionFault("changes before resync") }
        for change in changes { stagedSeq = max(stagedSeq, change.seq) }
        return nil
    }

    mutating func staged(_ records: [EncodedRecord]) -> SessionFault? {
        guard role == .log else { return SessionFault("records on a subscription to state") }
        guard case .following = phase else { return SessionFault("records before resync") }
        for record in records {
            guard record.seq == stagedSeq.next else {
                return SessionFault("record \(record.seq) behind \(stagedSeq): a gap or a repeat")
            }
            stagedSeq = record.seq
        }
        return nil
    }

    /// Where a mark leads.
    struct Marked {
        let position: Position
        /// How the subscription went on up to here.
        let how: How
        /// Whether it is the first mark in sync since the resync.
        let isFirstInSync: Bool
    }

    mutating func marked(_ mark: Mark) -> Result<Marked, SessionFault> {
        guard case .following(let resync, let inSync) = phase else {
            return .failure(SessionFault("a mark before resync"))
        }
        let isFirstInSync = mark.sync == .inSync && inSync == .notYet
        // Behind a resync that replaces, the position before is the one where that began.
        let position = mark.position(behind: resync.start)
        if let fault = markFault(mark, at: position, resync, isFirstInSync: isFirstInSync) {
            return .failure(fault)
        }
        // What comes after the first mark is deltas, however it began.
        let goesOn = Resync(
            how: .deltas, start: position, reason: resync.reason,
            fingerprint: resync.fingerprint)
        phase = .following(goesOn, inSync: isFirstInSync ? .reported : inSync)
        held = position
        fingerprint = resync.fingerprint
        stagedSeq = position.seq
        return .success(
            Marked(position: position, how: resync.how, isFirstInSync: isFirstInSync))
    }

    private func markFault(
        _ mark: Mark, at position: Position, _ resync: Resync, isFirstInSync: Bool
    ) -> SessionFault? {
        let seq = position.seq
        if position.logID != logID {
            return SessionFault("a mark of log \(position.logID), not \(logID)")
        }
        if seq < resync.start.seq {
            return SessionFault("a mark at seq \(seq) behind \(resync.start.seq): time goes back")
        }
        if seq < stagedSeq {
            return SessionFault("a mark at seq \(seq) behind staged seq \(stagedSeq)")
        }
        if role == .log, seq != stagedSeq {
            return SessionFault("a mark at seq \(seq), but the last record is \(stagedSeq)")
        }
        let needsDigest = role == .state && (resync.how.replaces || isFirstInSync)
        if needsDigest, mark.digest == nil {
            return SessionFault("a mark at seq \(seq) without the digest that must be there")
        }
        return nil
    }
}

/// A rule of the protocol that the peer broke.
struct SessionFault: Error, Hashable, Sendable {
    let what: String

    init(_ what: String) { self.what = what }
}
