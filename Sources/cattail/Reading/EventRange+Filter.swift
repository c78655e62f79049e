internal import Audit
internal import EndpointModel

extension EventRange {
    /// What the range asks for beside its ends.
    var filter: EventFilter { EventFilter(key: key, actor: actor.isEmpty ? nil : actor) }

    /// Whether the filter lets the event through, wherever it stands.
    func wants(_ record: EncodedRecord) throws -> Bool { try filter.matches(record) }
}
