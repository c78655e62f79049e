import EndpointModel
import EndpointState
import Feeds
import SyncProtocol

/// A rule that the server broke.
struct Violation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What a subscriber of state keeps, also between its connections. It is deliberately simple: it
/// takes changes in the order in which they come and trusts that this is right.
struct HeldState {
    /// A batch that no mark has ended yet.
    enum Staging {
        case none
        case onTop([Change])
        case replacing(Snapshot)
    }

    struct Snapshot {
        let start: Position
        let selection: Selection
        var items: [EndpointKey: EncodedItem] = [:]
        /// The last key that came in order.
        var last: EndpointKey?
        var removed: Set<EndpointKey> = []
    }

    private(set) var selection: Selection
    /// What it will be given instead, as soon as it hears of it.
    private var coming: [Selection] = []
    private(set) var items: [EndpointKey: EncodedItem] = [:]
    private(set) var position: Position?
    private var staging = Staging.none

    /// Whether it asks for patches.
    let form: DeltaForm

    init(selection: Selection, form: DeltaForm = .items) {
        self.selection = selection
        self.form = form
    }

    /// Holds what the log says at `position`, as if another node had brought it there.
    init(selection: Selection, form: DeltaForm = .items, at position: Position, of log: ModelLog) {
        self.init(selection: selection, form: form)
        self.position = position
        for item in log.views[Int(position.seq.rawValue)].items where selection.matches(item) {
            items[item.key] = item
        }
    }

    var newestSelection: Selection { coming.last ?? beingTaken(selection) }

    var token: ResumeToken? {
        position.map { ResumeToken(position: $0, fingerprint: selection.fingerprint) }
    }

    var cursor: SnapshotCursor? {
        guard case .replacing(let snapshot) = staging, let last = snapshot.last else { return nil }
        return SnapshotCursor(
            start: snapshot.start, fingerprint: selection.fingerprint, last: last)
    }

    // MARK: What comes

    mutating func resync(_ resync: Resync, _ staged: StagedChanges) throws {
        // One that was on its way already may be of what it will be given later again.
        if resync.fingerprint != beingTaken(selection).fingerprint,
            let index = coming.firstIndex(where: { $0.fingerprint == resync.fingerprint })
        {
            guard resync.how == .snapshot else { throw Violation("\(resync.how) to who was moved") }
            staging = .replacing(Snapshot(start: resync.start, selection: coming[index]))
            coming.removeFirst(index + 1)
            return
        }
        guard resync.fingerprint == beingTaken(selection).fingerprint else {
            throw Violation("the resync speaks of another selection")
        }
        if resync.how.replaces {
            if case .kept = staged, case .replacing = staging { return }
            staging = .replacing(Snapshot(start: resync.start, selection: beingTaken(selection)))
        } else {
            guard resync.start == position else {
                throw Violation("\(resync.how) from \(resync.start.seq), which is not held")
            }
            staging = .onTop([])
        }
    }

    mutating func stage(_ changes: [Change]) throws {
        switch staging {
        case .none: staging = .onTop(changes)
        case .onTop(let before): staging = .onTop(before + changes)
        case .replacing(var snapshot):
            for change in changes { try snapshot.take(change) }
            staging = .replacing(snapshot)
        }
    }

    mutating func move(to selection: Selection) { coming.append(selection) }

    mutating func connectionEnded() {
        coming = []
        // The next connection asks for what is held.
        if case .replacing(let snapshot) = staging, snapshot.selection != selection {
            staging = .none
        }
        if case .onTop = staging { staging = .none }
    }

    /// Takes up what is staged, and holds the outcome to the mark and to the truth (G6, G7).
    mutating func commit(_ mark: Mark, at target: Position, _ log: ModelLog) throws {
        let seq = target.seq
        let before = position?.seq ?? .zero
        var removed: Set<EndpointKey> = []
        var next = items
        switch staging {
        case .none: break
        case .onTop(let changes):
            for change in changes {
                switch change {
                case .put(let item): next[item.key] = item
                case .removal(let removal):
                    next[removal.key] = nil
                    removed.insert(removal.key)
                case .patch(let patch):
                    guard form == .patches else { throw Violation("a patch was not asked for") }
                    guard let old = next.values.first(where: { $0.seq == patch.previousSeq })
                    else { throw Violation("a patch of \(patch.previousSeq), which is not held") }
                    next[old.key] = try patch.applied(to: old)
                }
            }
        case .replacing(let snapshot):
            next = snapshot.items
            removed = snapshot.removed
        }
        let selection = beingTaken(self.selection)
        let isReset = if case .replacing = staging { true } else { false }
        guard isReset || seq >= before else {
            throw Violation("the mark at \(seq) goes back behind \(before) (G7)")
        }
        guard target == log.position(at: seq) else {
            throw Violation("the mark at \(seq) is not on the log's history (G7)")
        }
        try hold(next, of: selection, to: mark, log)
        if !removed.isEmpty {
            let known = log.everMatched(selection, in: 0...seq.rawValue)
            if let stranger = removed.first(where: { !known.contains($0) }) {
                throw Violation("\(stranger) was never in \(selection), but its removal came")
            }
        }
        self.selection = selection
        items = next
        position = target
        staging = .none
    }

    /// Of what is being taken in.
    private func beingTaken(_ held: Selection) -> Selection {
        if case .replacing(let snapshot) = staging { snapshot.selection } else { held }
    }

    private func hold(
        _ next: [EndpointKey: EncodedItem], of selection: Selection, to mark: Mark, _ log: ModelLog
    ) throws {
        let seq = mark.seq
        var digest = StateDigest.empty
        for item in next.values { digest.add(item.hash) }
        let count = mark.count ?? UInt64(next.count)
        guard mark.digest == digest, count == UInt64(next.count) else {
            throw Violation(
                "the digest at \(seq) of \(selection) differs: \(count) items there,"
                    + " \(next.count) here (G6)")
        }
        guard next.mapValues(\.bytes) == log.truth(selection, at: seq) else {
            throw Violation("\(selection) at \(seq) is not what the log says (G6)")
        }
    }
}

extension HeldState.Snapshot {
    mutating func take(_ change: Change) throws {
        switch change {
        case .put(let item):
            if last.map({ $0 < item.key }) ?? true { last = item.key }
            items[item.key] = item
        case .removal(let removal):
            items[removal.key] = nil
            removed.insert(removal.key)
        case .patch: throw Violation("a patch in a snapshot")
        }
    }
}
