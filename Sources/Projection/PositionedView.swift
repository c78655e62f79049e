package import EndpointModel
package import EndpointState

/// A view and the exact history that it is the fold of: its seq alone would not say of which.
package struct PositionedView: Sendable {
    package private(set) var view: EndpointView
    package private(set) var position: Position

    /// The view of a log without events.
    package init(emptyLog logID: LogID) {
        view = EndpointView()
        position = .origin(of: logID)
    }

    init(view: EndpointView, position: Position) {
        self.view = view
        self.position = position
    }

    /// Takes up the next event, whose chain hash the caller has computed or checked.
    @discardableResult
    package mutating func fold(_ item: EncodedItem, chain: Hash256) throws(FoldError)
        -> EndpointView.Change
    {
        let change = try view.fold(item)
        position.seq = item.seq
        position.chain = chain
        if item.kind == .control, case .epoch(let epoch)? = try? item.control() {
            position.epoch = epoch
        }
        return change
    }

    @discardableResult
    package mutating func fold(_ event: StoredEvent) throws(ProjectionError)
        -> EndpointView.Change
    {
        do { return try fold(event.item, chain: event.chain) } catch { throw .eventIllegal(error) }
    }

    /// Folds the log's events up to `last`, which the log must have.
    package mutating func fold(
        _ events: any EventSource, through last: Seq,
        each: (EndpointView.Change, PositionedView) -> Void = { _, _ in }
    ) throws(ProjectionError) {
        var scan = EventScan(events, from: position.seq.next, through: last)
        while let event = try scan.nextEvent() {
            let change = try fold(event)
            each(change, self)
        }
    }
}
