import CattailClient
import EndpointModel
import EndpointState

/// What the log says, read event by event and folded by hand: the judge of views, feeds,
/// followers and agents, which know nothing of it.
struct Truth {
    private(set) var records: [EncodedRecord] = []

    init(of node: TestNode) async throws {
        let client = node.client()
        records = try await client.log().collect().elements.map(\.record)
        await client.close()
    }

    var head: Seq { records.last?.seq ?? .zero }

    /// Everything that a selection holds after a seq.
    func items(_ selection: Selection = .everything, at seq: Seq? = nil) throws
        -> [EndpointKey: EncodedItem]
    {
        var items: [EndpointKey: EncodedItem] = [:]
        for record in records where record.seq <= (seq ?? head) {
            switch record.item.kind {
            case .control: break
            case .delete: items[record.item.key] = nil
            case .put: items[record.item.key] = record.item
            }
        }
        return try items.filter { selection.matches(try $0.value.endpoint()) }
    }

    func digest(_ selection: Selection = .everything, at seq: Seq? = nil) throws -> StateDigest {
        var digest = StateDigest.empty
        for item in try items(selection, at: seq).values { digest.add(item.hash) }
        return digest
    }
}
