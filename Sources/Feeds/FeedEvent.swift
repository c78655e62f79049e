package import EndpointModel
internal import EndpointState
internal import SyncProtocol

/// One committed event on its way to the feeds, with all that is made once for all of them.
struct FeedEvent {
    let change: EndpointView.Change
    /// What leads from the item before to this one, when that is worth it.
    let patch: PatchedItem?

    /// - Parameter form: `patches` when any feed takes them.
    init(_ change: EndpointView.Change, _ form: DeltaForm) {
        self.change = change
        patch =
            switch form {
            case .items: nil
            case .patches: change.previous.flatMap { PatchedItem(from: $0, to: change.item) }
            }
    }
}

/// An item, and the patch that makes it of the one before, encoded.
package struct PatchedItem: Sendable {
    package let item: EncodedItem
    package let patch: [UInt8]

    /// Nil when there is no patch, or it saves less than half of the item.
    init?(from old: EncodedItem, to new: EncodedItem) {
        guard let patch = Patch(from: old, to: new)?.encoded(), patch.count * 2 < new.byteCount
        else { return nil }
        item = new
        self.patch = patch
    }
}

/// What a subscriber is told about one key.
package enum FeedChange: Sendable {
    case put(EncodedItem)
    /// Of an endpoint that was in the selection before.
    case patch(PatchedItem)
    /// Gone from the selection by the event of this item.
    case removal(of: EncodedItem)

    /// The event's own.
    package var item: EncodedItem {
        switch self {
        case .put(let item), .removal(let item): item
        case .patch(let patched): patched.item
        }
    }

    /// About what it takes in a frame.
    package var byteCount: Int {
        switch self {
        case .put(let item): item.byteCount + 8
        case .patch(let patched): patched.patch.count + 8
        case .removal(let item):
            item.withKeyBytes { namespace, name in namespace.count + name.count + 24 }
        }
    }
}
