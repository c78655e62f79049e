package import EndpointModel
package import EndpointState
package import SyncProtocol

/// What a subscriber holds, and what has arrived since the last mark: a plain value.
///
/// What arrives is staged and touches nothing until its mark. There all of it is applied and the
/// digest compared with the server's (G6), or it is taken back; the real differences are what the
/// subscriber is told. So every story that a connection tells (again, from the start, by another
/// server) comes out as real changes alone.
///
/// Deltas are applied where the items stand, with what they replaced kept until the mark holds: as
/// long as nobody keeps a version that was told before, nothing else is copied.
package struct HeldState: Sendable {
    /// What is held: the state at the last mark.
    package private(set) var state = EndpointSet()
    /// Where that is; nil before the first mark.
    package private(set) var position: Position?
    /// Of the selection that is held: as it was asked for, then as the server gives it.
    private(set) var fingerprint: Hash256
    /// Where what is held stands, by seqs. Comes with a snapshot; of what was held before, such as a
    /// cache's, it is made when the first patch asks, and kept from then on.
    private var bySeq: SlotsBySeq?
    private var trust = Trust.trusted
    private var staging = Staging.nothingAnnounced

    private enum Trust {
        case trusted
        /// A digest differed: what is held is no ground to build on, and stays only as what the
        /// subscriber was shown, until a snapshot replaces it.
        case forfeited
    }

    private enum Staging {
        /// Waits for a resync.
        case nothingAnnounced
        /// Deltas and net changes, in the order of arrival, to be applied to what is held.
        case onTop([Change])
        /// A snapshot, which replaces what is held.
        case replacing(SnapshotStaging)
    }

    package init(fingerprint: Hash256) { self.fingerprint = fingerprint }

    /// What a cache kept, or a past state that was asked for.
    package init(fingerprint: Hash256, state: EndpointSet, position: Position) {
        self.init(fingerprint: fingerprint)
        self.state = state
        self.position = position
    }

    // MARK: What a hello says

    /// What is held, for a server to build on (G8).
    package var token: ResumeToken? {
        switch trust {
        case .forfeited: nil
        case .trusted: position.map { ResumeToken(position: $0, fingerprint: fingerprint) }
        }
    }

    /// Where a snapshot was cut off, so that it need not begin anew (G8).
    package var cursor: SnapshotCursor? {
        guard case .replacing(let snapshot) = staging, let last = snapshot.last else { return nil }
        return SnapshotCursor(
            start: snapshot.start, fingerprint: snapshot.fingerprint, last: last,
            highest: snapshot.highest)
    }

    // MARK: Inputs

    package mutating func resyncReceived(_ resync: Resync) -> ResyncOutcome {
        switch resync.how {
        case .deltas, .netChange:
            guard case .trusted = trust, resync.start == heldOrOrigin(of: resync.start.logID)
            else { return .diverged(.startNotHeld(resync.start.seq)) }
            position = resync.start
            fingerprint = resync.fingerprint ?? fingerprint
            staging = .onTop([])
            return .announced(resync.how == .deltas ? .deltas : .netChange)
        case .snapshot:
            switch judge(start: resync.start) {
            case .behind: return .behind
            case .otherHistory: return beginSnapshot(resync, .reset)
            case .onward: return beginSnapshot(resync, .snapshot)
            }
        case .reset: return beginSnapshot(resync, .reset)
        }
    }

    /// Who holds nothing stands at the beginning of any log.
    private func heldOrOrigin(of logID: LogID) -> Position { position ?? .origin(of: logID) }

    private enum Direction {
        case onward
        case behind
        case otherHistory
    }

    /// A snapshot that is not called a reset must lead onward from what was shown. A server that
    /// was told no position cannot know what that was, so it is judged here.
    private func judge(start: Position) -> Direction {
        guard let position else { return .onward }
        guard start.logID == position.logID else { return .otherHistory }
        guard start.seq < position.seq else { return .onward }
        return start.epoch > position.epoch ? .otherHistory : .behind
    }

    private mutating func beginSnapshot(_ resync: Resync, _ kind: ResyncKind) -> ResyncOutcome {
        let given = resync.fingerprint ?? fingerprint
        if resync.how == .snapshot, case .replacing(let snapshot) = staging,
            snapshot.fingerprint == given, snapshot.start == resync.start
        {
            return .announced(kind)
        }
        staging = .replacing(SnapshotStaging(start: resync.start, fingerprint: given))
        return .announced(kind)
    }

    package mutating func changesReceived(_ changes: [Change]) -> StagingOutcome {
        switch staging {
        case .nothingAnnounced: return .diverged(.resyncMissing)
        case .onTop(var staged):
            staging = .nothingAnnounced  // lets `staged` grow in place
            staged += changes
            staging = .onTop(staged)
            return .staged
        case .replacing(var snapshot):
            staging = .nothingAnnounced
            let fault = snapshot.take(changes)
            staging = .replacing(snapshot)
            return fault.map { .diverged($0) } ?? .staged
        }
    }

    /// Everything between this mark and the one before is judged and applied, or nothing of it.
    package mutating func markReceived(_ mark: Mark) -> MarkOutcome<EndpointChanges> {
        switch staging {
        case .nothingAnnounced: return .diverged(.resyncMissing)
        case .onTop(let staged):
            staging = .nothingAnnounced
            guard let position else { return .diverged(.resyncMissing) }
            let next = mark.position(behind: position)
            if let fault = fault(of: next, behind: position) { return .diverged(fault) }
            return apply(staged, behind: position, to: next, mark)
        case .replacing(let snapshot):
            staging = .nothingAnnounced
            return replace(by: snapshot, to: mark.position(behind: snapshot.start), mark)
        }
    }

    /// The connection ended: an unfinished batch is thrown away; an unfinished snapshot is kept,
    /// for the next server may go on with it.
    package mutating func connectionEnded() {
        if case .onTop = staging { staging = .nothingAnnounced }
    }

    /// What is held does not have the digest that it should: it is not built on again, and a
    /// snapshot that was underway is not to be trusted either.
    package mutating func forfeit() {
        trust = .forfeited
        bySeq = nil
        staging = .nothingAnnounced
    }

    // MARK: Marks

    private mutating func apply(
        _ staged: [Change], behind position: Position, to target: Position, _ mark: Mark
    ) -> MarkOutcome<EndpointChanges> {
        var bySeq = self.bySeq
        self.bySeq = nil  // changes in place, and after a fault is not that of what is held
        var batch = AppliedChanges(capacity: staged.count)
        if let fault = state.take(staged, behind: position, to: target, &bySeq, &batch)
            ?? state.fault(at: mark, of: target)
        {
            state.takeBack(batch)
            return .diverged(fault)
        }
        self.bySeq = bySeq
        return settle(batch.changes, at: target, mark)
    }

    private func fault(of target: Position, behind position: Position) -> Divergence? {
        guard target.logID == position.logID, target.seq >= position.seq else {
            return .markNotOnward(target.seq)
        }
        // Two marks at one seq need not be equal (R38), but one chain hash is one history (G7).
        return target.seq == position.seq && target.chain != position.chain
            ? .markNotOnward(target.seq) : nil
    }

    private mutating func replace(
        by snapshot: SnapshotStaging, to target: Position, _ mark: Mark
    ) -> MarkOutcome<EndpointChanges> {
        guard target.logID == snapshot.start.logID, target.seq >= snapshot.start.seq else {
            return .diverged(.markNotOnward(target.seq))
        }
        guard snapshot.highest <= target.seq else {
            return .diverged(.changeBehindMark(snapshot.highest))
        }
        let changes = StateDifference.changes(
            from: state, to: snapshot.state, removals: snapshot.removed, otherwiseAt: target.seq)
        if let fault = snapshot.state.fault(at: mark, of: target) { return .diverged(fault) }
        bySeq = snapshot.bySeq
        state = snapshot.state
        fingerprint = snapshot.fingerprint
        return settle(changes, at: target, mark)
    }

    /// What is held now is what the mark says.
    private mutating func settle(
        _ changes: [EndpointChange], at target: Position, _ mark: Mark
    ) -> MarkOutcome<EndpointChanges> {
        state.advance(to: target.seq)
        position = target
        trust = .trusted
        staging = .onTop([])
        let shown = SubscriptionMark(
            position: target, digest: state.digest,
            check: mark.digest == nil ? .notCompared : .verified)
        return .applied(
            EndpointChanges(
                changes: changes, mark: shown, state: state, fingerprint: fingerprint))
    }
}

/// What a batch has changed so far, and how to take it back.
private struct AppliedChanges {
    private(set) var changes: [EndpointChange] = []
    /// What stood there before each.
    private var replaced: [EncodedItem?] = []

    init(capacity: Int) {
        changes.reserveCapacity(capacity)
        replaced.reserveCapacity(capacity)
    }

    mutating func add(_ change: EndpointChange, replacing old: EncodedItem?) {
        changes.append(change)
        replaced.append(old)
    }

    /// The last first.
    func forEachBackwards(_ body: (EndpointChange, EncodedItem?) -> Void) {
        for (change, old) in zip(changes, replaced).reversed() { body(change, old) }
    }
}

extension EndpointSet {
    /// Applies what is behind the position, one by one, up to the first that does not fit.
    fileprivate mutating func take(
        _ staged: [Change], behind position: Position, to target: Position,
        _ bySeq: inout SlotsBySeq?, _ batch: inout AppliedChanges
    ) -> Divergence? {
        for change in staged where change.seq > position.seq {
            guard change.seq <= target.seq else { return .changeBehindMark(change.seq) }
            switch take(change, &bySeq) {
            case .changed(let change, let old): batch.add(change, replacing: old)
            case .unchanged: break
            case .diverged(let fault): return fault
            }
        }
        return nil
    }

    fileprivate mutating func takeBack(_ batch: AppliedChanges) {
        batch.forEachBackwards { change, old in
            if let old { put(old) } else { remove(change.key) }
        }
    }

    /// Whether this is the state that a mark says. The count speaks only beside a digest; that one
    /// differs is the same fault (R42).
    fileprivate func fault(at mark: Mark, of target: Position) -> Divergence? {
        guard let digest = mark.digest else { return nil }
        let isThat = digest == self.digest && mark.count ?? UInt64(count) == UInt64(count)
        return isThat ? nil : .digestDiffers(target.seq)
    }
}

extension HeldState {
    /// For tests: changes one byte of the item held under the key, as a failing memory would.
    /// The next mark with a digest must notice (G6).
    package mutating func damageForTest(_ key: EndpointKey) -> Bool {
        guard let item = state.item(forKey: key) else { return false }
        for index in item.endpointRange.reversed() {
            var bytes = item.bytes
            bytes[index] ^= 1
            guard let damaged = try? EncodedItem(validating: bytes), damaged.key == key else {
                continue
            }
            state.put(damaged)
            bySeq = nil
            return true
        }
        return false
    }
}
