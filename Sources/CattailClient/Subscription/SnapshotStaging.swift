package import EndpointModel
internal import EndpointState
package import SyncProtocol

/// A snapshot that is being received: chunks in the order of keys, each endpoint as it was when
/// it was sent, then changes that override them.
struct SnapshotStaging: Sendable {
    let start: Position
    /// Of its selection, which may be another than that of what is held.
    let fingerprint: Hash256
    private(set) var state = EndpointSet()
    /// Where it stands, for the patches that will come: cheapest while each item is at hand.
    private(set) var bySeq: SlotsBySeq? = SlotsBySeq()
    /// The last key of the chunks that came whole.
    var last: EndpointKey? { lastItem?.key }
    private var lastItem: EncodedItem?
    /// The greatest seq seen; the mark must not stand before it.
    private(set) var highest = Seq.zero
    /// What was removed while the snapshot came, and by which event: an older put of the same
    /// key must not bring it back.
    private(set) var removed: [EndpointKey: Seq] = [:]

    init(start: Position, fingerprint: Hash256) {
        self.start = start
        self.fingerprint = fingerprint
    }

    mutating func take(_ changes: [Change]) -> Divergence? {
        for change in changes {
            if let fault = take(change) { return fault }
        }
        return nil
    }

    private mutating func take(_ change: Change) -> Divergence? {
        highest = max(highest, change.seq)
        switch change {
        case .put(let item):
            if !removed.isEmpty, let removedAt = removed[item.key], removedAt >= item.seq {
                return nil
            }
            if let slot = state.append(item) {
                bySeq?.insert(slot, at: item.seq)
                lastItem = item
                return nil
            }
        case .removal(let removal):
            removed[removal.key] = max(removed[removal.key] ?? .zero, removal.seq)
        // Only deltas have patches (R37).
        case .patch(let patch): return .patchBaseMissing(patch.seq)
        }
        switch state.take(change, &bySeq) {
        case .changed, .unchanged: return nil
        case .diverged(let fault): return fault
        }
    }
}

/// What one staged change does to a state.
enum ChangeEffect {
    case changed(EndpointChange, replacing: EncodedItem?)
    /// It was known, or is older than what is held: a legal no-op.
    case unchanged
    case diverged(Divergence)
}

extension EndpointSet {
    /// - Parameter bySeq: Where the same items stand; nil as long as no patch has asked.
    mutating func take(_ change: Change, _ bySeq: inout SlotsBySeq?) -> ChangeEffect {
        switch change {
        case .put(let item):
            guard let (old, slot) = putNewer(item) else { return .unchanged }
            if let old { bySeq?.remove(old.seq) }
            bySeq?.insert(slot, at: item.seq)
            return .changed(.put(item), replacing: old)
        case .removal(let removal):
            if let held = item(forKey: removal.key), held.seq >= removal.seq { return .unchanged }
            // A net change may name what came and went unseen.
            guard let old = remove(removal.key) else { return .unchanged }
            bySeq?.remove(old.seq)
            return .changed(.removal(removal.key, seq: removal.seq), replacing: old)
        case .patch(let patch):
            if bySeq == nil { bySeq = SlotsBySeq(items) }
            guard let slot = bySeq?.slot(at: patch.previousSeq) else {
                return .diverged(.patchBaseMissing(patch.seq))
            }
            return take(patch, at: slot, &bySeq)
        }
    }

    private mutating func take(
        _ patch: Patch, at slot: OrderedItems.Slot, _ bySeq: inout SlotsBySeq?
    ) -> ChangeEffect {
        do throws(PatchError) {
            let item = try patch.applied(to: item(at: slot))
            let old = replace(slot, by: item)
            bySeq?.remove(patch.previousSeq)
            bySeq?.insert(slot, at: item.seq)
            return .changed(.put(item), replacing: old)
        } catch {
            return .diverged(.patchUnfit(patch.seq, error))
        }
    }
}

/// Why what a server says cannot be built on what is held.
package enum Divergence: Hashable, Sendable, CustomStringConvertible {
    /// The state at this mark has another digest than the server's (G6).
    case digestDiffers(Seq)
    case startNotHeld(Seq)
    case resyncMissing
    case markNotOnward(Seq)
    /// The events up to this mark do not lead to its chain hash (G3).
    case chainDiffers(Seq)
    case changeBehindMark(Seq)
    case patchBaseMissing(Seq)
    case patchUnfit(Seq, PatchError)
    /// An item is not canonical (R15). Its own seq cannot be trusted: what is told is the seq
    /// behind which it came.
    case contentsMalformed(Seq, WireError)

    /// How the server is told.
    package enum Answer: Hashable, Sendable {
        /// By a refusal with this code: what came is legal and does not fit what is held (R41,
        /// R42, R45).
        case refusal(code: String)
        /// By the goodbye `message-unexpected`: the rules of the stream are broken (R33, R35,
        /// R38).
        case goodbye
    }

    // error-codes
    package var answer: Answer {
        switch self {
        case .digestDiffers: .refusal(code: "digest-mismatch")
        case .chainDiffers: .refusal(code: "history-differs")
        case .patchBaseMissing: .refusal(code: "patch-base-mismatch")
        case .patchUnfit(_, let error): .refusal(code: error.code)
        case .contentsMalformed(_, let error): .refusal(code: error.code)
        case .startNotHeld, .resyncMissing, .markNotOnward, .changeBehindMark: .goodbye
        }
    }

    package var seq: Seq {
        switch self {
        case .digestDiffers(let seq), .startNotHeld(let seq), .markNotOnward(let seq),
            .chainDiffers(let seq), .changeBehindMark(let seq), .patchBaseMissing(let seq),
            .patchUnfit(let seq, _), .contentsMalformed(let seq, _):
            seq
        case .resyncMissing: .zero
        }
    }

    package var description: String {
        switch self {
        case .digestDiffers(let seq): "the state at seq \(seq) does not have the server's digest"
        case .startNotHeld(let seq): "the server goes on from seq \(seq), which is not held here"
        case .resyncMissing: "changes came before the server said how it goes on"
        case .markNotOnward(let seq): "the mark at seq \(seq) does not lead onward"
        case .chainDiffers(let seq): "the events up to seq \(seq) do not lead to its chain hash"
        case .changeBehindMark(let seq): "the change at seq \(seq) stands behind its mark"
        case .patchBaseMissing(let seq): "the patch at seq \(seq) is for an item not held here"
        case .patchUnfit(let seq, let error):
            "the patch at seq \(seq) does not apply: \(error)"
        case .contentsMalformed(let seq, let error):
            "an item behind seq \(seq) is not canonical: \(error)"
        }
    }
}
