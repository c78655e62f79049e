internal import CattailClient
internal import EndpointModel
internal import EndpointState

/// A past state that a watcher says it holds: `watch --from`.
struct HeldPast {
    let state: EndpointSet
    let position: Position

    static func read(
        _ selection: Selection, at point: LogPoint, from client: EndpointClient
    ) async throws -> HeldPast {
        let (items, seq) = try await client.list(selection, at: point).collect()
        var state = EndpointSet()
        for item in items { state.put(item) }
        state.advance(to: seq)
        return HeldPast(state: state, position: try await client.position(at: seq))
    }
}
